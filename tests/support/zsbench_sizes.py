"""Models of real size with random weights, in the formats of real ones: what benchmarks need that no hub gives here."""

from __future__ import annotations

import json
from pathlib import Path

import open_clip
import torch
from safetensors.torch import save_file
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace
from tokenizers.processors import TemplateProcessing
from transformers import OPTConfig, OPTForCausalLM, PreTrainedTokenizerFast

__all__ = ["OPT_125M", "write_opt", "write_vit"]

OPT_125M = {
    "vocab_size": 50272,
    "hidden_size": 768,
    "word_embed_proj_dim": 768,
    "ffn_dim": 3072,
    "num_hidden_layers": 12,
    "num_attention_heads": 12,
    "max_position_embeddings": 2048,
}
END, UNKNOWN, PAD = "</s>", "<unk>", "<pad>"


def write_opt(folder: Path) -> Path:
    """OPT-125m's architecture; a word for every token."""
    folder.mkdir(parents=True, exist_ok=True)
    with torch.random.fork_rng(devices=[]):
        torch.random.default_generator.manual_seed(0)
        model = OPTForCausalLM(OPTConfig(**OPT_125M, init_std=0.05, bos_token_id=2, eos_token_id=2, pad_token_id=1))
    model.save_pretrained(folder)
    names = ["<s>", PAD, END, UNKNOWN, *(f"word{number}" for number in range(4, OPT_125M["vocab_size"]))]
    tokenizer = Tokenizer(WordLevel({name: number for number, name in enumerate(names)}, unk_token=UNKNOWN))
    tokenizer.pre_tokenizer = Whitespace()
    tokenizer.add_special_tokens(names[:4])
    tokenizer.post_processor = TemplateProcessing(single=f"{END} $A", special_tokens=[(END, 2)])
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token=END, eos_token=END, unk_token=UNKNOWN, pad_token=PAD
    ).save_pretrained(folder)
    return folder


def write_vit(folder: Path) -> Path:
    """ViT-B-32's architecture, of CLIP."""
    folder.mkdir(parents=True, exist_ok=True)
    with torch.random.fork_rng(devices=[]):
        torch.random.default_generator.manual_seed(0)
        model = open_clip.create_model("ViT-B-32")
    settings = {"model_cfg": open_clip.get_model_config("ViT-B-32"), "preprocess_cfg": {}}
    (folder / "open_clip_config.json").write_text(json.dumps(settings), encoding="utf-8")
    weights = {name: value.detach().contiguous() for name, value in model.state_dict().items()}
    save_file(weights, folder / "open_clip_model.safetensors")
    return folder
