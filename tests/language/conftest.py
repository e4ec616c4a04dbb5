"""Tiny causal language models with random weights, in the formats of real ones."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace
from tokenizers.processors import TemplateProcessing
from transformers import GPT2Config, GPT2LMHeadModel, OPTConfig, OPTForCausalLM, PreTrainedTokenizerFast

UNKNOWN, END = "<unk>", "</s>"
VOCABULARY = "a the red blue cat dog tree on grass sits runs of two three what is"
WORDS = [
    "<s>",
    "<pad>",
    "</s>",
    "<unk>",
    *VOCABULARY.split(),
]


def write_tokenizer(folder: Path, *, leads: bool) -> None:
    """A word tokenizer; OPT's puts its end token before every text, GPT-2's puts nothing."""
    ids = {word: index for index, word in enumerate(WORDS)}
    tokenizer = Tokenizer(WordLevel(ids, unk_token=UNKNOWN))
    tokenizer.pre_tokenizer = Whitespace()
    tokenizer.add_special_tokens(["<s>", "<pad>", "</s>", "<unk>"])
    if leads:
        tokenizer.post_processor = TemplateProcessing(single="</s> $A", special_tokens=[("</s>", 2)])
    pad = {"pad_token": "<pad>"} if leads else {}
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token=END, eos_token=END, unk_token=UNKNOWN, **pad
    ).save_pretrained(folder)


def write_model(folder: Path, kind: str, *, seed: int = 0) -> Path:
    """A folder with a tiny model: `opt`, `opt-wide`, `opt-350m` (embeddings narrower than the model) or `gpt2`."""
    common = {"vocab_size": len(WORDS), "bos_token_id": 2, "eos_token_id": 2}
    with torch.random.fork_rng(devices=[]):
        torch.random.default_generator.manual_seed(seed)
        if kind == "gpt2":
            model = GPT2LMHeadModel(
                GPT2Config(n_embd=32, n_layer=2, n_head=4, n_positions=64, initializer_range=0.4, **common)
            )
        else:
            hidden = 512 if kind == "opt-wide" else 32
            sizes = {"hidden_size": hidden, "ffn_dim": 48, "num_hidden_layers": 2, "num_attention_heads": 4}
            narrow = {"word_embed_proj_dim": 16, "do_layer_norm_before": False} if kind == "opt-350m" else {}
            width = {"word_embed_proj_dim": hidden, **narrow}
            model = OPTForCausalLM(
                OPTConfig(**common, **sizes, **width, max_position_embeddings=64, pad_token_id=1, init_std=0.4)
            )
    model.save_pretrained(folder)
    write_tokenizer(folder, leads=kind != "gpt2")
    return folder


@pytest.fixture(scope="session")
def model_folders(tmp_path_factory):
    return {kind: write_model(tmp_path_factory.mktemp(kind), kind) for kind in ("opt", "opt-wide", "opt-350m", "gpt2")}


@pytest.fixture
def model_copy(tmp_path):
    return write_model(tmp_path / "copy", "opt")
