"""A training step, and the plain way to take it."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
import torch
from torch.nn import functional
from torch.nn.attention import SDPBackend, sdpa_kernel
from transformers import OPTConfig, OPTForCausalLM

from zsbench.interfaces import TokenBatch
from zsbench.language.loss import text_loss

SHAPES = {
    "embedded": {
        "vocab_size": 332,
        "hidden_size": 160,
        "ffn_dim": 640,
        "num_hidden_layers": 4,
        "num_attention_heads": 5,
    },
    "opt-125m": {},
}
PREFIXES = {"embedded": 8, "opt-125m": 32}
BATCH, LONGEST, MEAN = 32, 25, 13


@dataclass
class Step:
    """A frozen model of a shape, random prefixes, captions of one length, trimmed and padded to the longest."""

    model: OPTForCausalLM
    prefix: torch.Tensor
    trimmed: TokenBatch
    padded: TokenBatch


@pytest.fixture(scope="module")
def steps():
    return {shape: make_step(shape) for shape in SHAPES}


def make_step(shape: str) -> Step:
    sizes = SHAPES[shape]
    width = sizes.get("hidden_size", 768)
    with torch.random.fork_rng(devices=[]):
        model = OPTForCausalLM(OPTConfig(**sizes, word_embed_proj_dim=width)).eval().requires_grad_(False)
    generator = torch.Generator().manual_seed(0)
    prefix = torch.randn(BATCH, PREFIXES[shape], width, generator=generator)
    lengths = torch.full((BATCH,), MEAN)  # a batch of texts of similar length
    ids = torch.randint(4, 300, (BATCH, LONGEST), generator=generator)
    mask = torch.arange(LONGEST) < lengths[:, None]
    return Step(model, prefix, TokenBatch(ids[:, :MEAN], mask[:, :MEAN]), TokenBatch(ids, mask))


def take(loss, prefix):
    """Forward and backward."""
    start = prefix.clone().requires_grad_()
    value = loss(start)
    value.backward()
    return float(value.detach())


def plain(model, prefix, tokens):
    """Logits at every position of a batch that is padded to the longest text there may be; its labels mask padding."""
    words = model.get_input_embeddings()(tokens.ids)
    seen = torch.cat((tokens.mask.new_ones(prefix.shape[:2]), tokens.mask), dim=1)
    logits = model(inputs_embeds=torch.cat((prefix, words), dim=1), attention_mask=seen.long(), use_cache=False).logits
    labels = tokens.ids.masked_fill(~tokens.mask, -100)[:, 1:]
    logits = logits[:, prefix.shape[1] : -1].float()
    return functional.cross_entropy(logits.flatten(0, 1), labels.flatten(), reduction="sum", ignore_index=-100)


def case(shape: str, what: str, against: str):
    mark = pytest.mark.ratio(what=what, against=against, size=f"{shape}, 32 captions of 13 tokens")
    return pytest.param(shape, marks=mark, id=shape)


def take_trimmed(step: Step) -> float:
    return take(lambda start: text_loss(step.model, start, step.trimmed, keeps_logits=True), step.prefix)


@pytest.mark.parametrize(
    "shape",
    [
        case(shape, "loss of captions and its gradient", "logits everywhere, every batch as wide as the longest text")
        for shape in SHAPES
    ],
)
def test_logits_where_tokens_are_predicted(side_by_side, steps, shape):
    """As a training of zsbench does, and as the method's public code does."""
    step = steps[shape]

    def take_padded():
        return take(lambda start: plain(step.model, start, step.padded), step.prefix)

    ours, naive = side_by_side(lambda: take_trimmed(step), take_padded, rounds=5, warmup=1)
    assert ours == pytest.approx(naive, rel=1e-4)


@pytest.mark.parametrize("shape", [case(shape, "the same in bfloat16", "in float32") for shape in SHAPES])
def test_bfloat16(side_by_side, steps, shape):
    """The named precision; faster only where the processor multiplies in it."""
    step = steps[shape]

    def take_half():
        with torch.autocast("cpu", torch.bfloat16), sdpa_kernel(SDPBackend.MATH):
            return take_trimmed(step)

    ours, full = side_by_side(take_half, lambda: take_trimmed(step), rounds=5, warmup=1)
    assert ours == pytest.approx(full, rel=0.02)
