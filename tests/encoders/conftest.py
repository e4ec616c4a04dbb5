"""Tiny open_clip models with random weights, in the formats of real ones."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from open_clip.model import CLIP, CustomTextCLIP
from PIL import Image
from safetensors.torch import save_file
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace
from tokenizers.processors import TemplateProcessing

UNKNOWN = "<unk>"
VOCABULARY = "a the red blue cat dog tree on grass sits runs of two three"
WORDS = ["<pad>", "<s>", "<unk>", *VOCABULARY.split(), "<eot>"]
VISION = {"image_size": 24, "patch_size": 8, "width": 32, "layers": 2, "head_width": 8}
TEXT = {"context_length": 10, "vocab_size": len(WORDS), "width": 32, "heads": 4, "layers": 2, "hf_tokenizer_name": "."}
PREPROCESSING = {
    "size": [24, 24],
    "mode": "RGB",
    "mean": [0.5, 0.4, 0.3],
    "std": [0.2, 0.25, 0.3],
    "interpolation": "bilinear",
    "resize_mode": "squash",
}


def write_tokenizer(folder: Path) -> None:
    """A word tokenizer whose rows are `<s> words <eot>`, padded by `<pad>`."""
    ids = {word: index for index, word in enumerate(WORDS)}
    tokenizer = Tokenizer(WordLevel(ids, unk_token=UNKNOWN))
    tokenizer.pre_tokenizer = Whitespace()
    tokenizer.add_special_tokens(["<pad>", "<s>", "<unk>", "<eot>"])
    marks = [(mark, ids[mark]) for mark in ("<s>", "<eot>")]
    tokenizer.post_processor = TemplateProcessing(single="<s> $A <eot>", special_tokens=marks)
    tokenizer.save(str(folder / "tokenizer.json"))
    config = {"tokenizer_class": "PreTrainedTokenizerFast", "pad_token": "<pad>", "eos_token": "<eot>"}
    (folder / "tokenizer_config.json").write_text(json.dumps(config), encoding="utf-8")


WIDE_TEXT = {**TEXT, "width": 512, "heads": 8, "layers": 1, "context_length": 16}


def write_encoder(
    folder: Path, *, vision: dict | None = None, text: dict | None = None, custom: bool = False, seed: int = 0
) -> Path:
    """A folder with a tiny model's settings, weights and tokenizer."""
    folder.mkdir(parents=True, exist_ok=True)
    settings = {"embed_dim": 16, "vision_cfg": {**VISION, **(vision or {})}, "text_cfg": text or TEXT}
    with torch.random.fork_rng(devices=[]):
        torch.random.default_generator.manual_seed(seed)
        model = (CustomTextCLIP if custom else CLIP)(**settings)
    if custom:
        settings["custom_text"] = True
    content = {"model_cfg": settings, "preprocess_cfg": PREPROCESSING}
    (folder / "open_clip_config.json").write_text(json.dumps(content), encoding="utf-8")
    weights = {name: value.detach().contiguous() for name, value in model.state_dict().items()}
    save_file(weights, folder / "open_clip_model.safetensors")
    write_tokenizer(folder)
    return folder


@pytest.fixture(scope="session")
def encoder_folder(tmp_path_factory):
    return write_encoder(tmp_path_factory.mktemp("encoder"))


@pytest.fixture(scope="session")
def wide_encoder_folder(tmp_path_factory):
    """A model as wide as ViT-B/32, whose kernels change with the number of rows."""
    vision = {"width": 768, "head_width": 64, "layers": 1}
    return write_encoder(tmp_path_factory.mktemp("wide"), vision=vision, text=WIDE_TEXT)


@pytest.fixture
def encoder_copy(tmp_path):
    return write_encoder(tmp_path / "copy")


@pytest.fixture(scope="session")
def make_encoder_folder(tmp_path_factory):
    def make(name: str, **options) -> Path:
        return write_encoder(tmp_path_factory.mktemp(name), **options)

    return make


@pytest.fixture(scope="session")
def pictures() -> list[Image.Image]:
    rng = np.random.default_rng(3)
    sizes = [(int(h), int(w)) for h, w in rng.integers(10, 60, (16, 2))]
    return [Image.fromarray(rng.integers(0, 256, (*size, 3), dtype=np.uint8)) for size in sizes]


@pytest.fixture(scope="session")
def sentences() -> list[str]:
    rng = np.random.default_rng(4)
    words = [word for word in WORDS if not word.startswith("<")]
    return [" ".join(rng.choice(words, rng.integers(1, 14))) for _ in range(100)]
