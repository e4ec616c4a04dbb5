"""A training step, and the plain way to take it: read the ratio."""

from __future__ import annotations

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


@pytest.fixture(scope="module", params=SHAPES)
def step(request):
    """A frozen model of a shape, random prefixes, captions of a corpus's lengths in two paddings."""
    torch.set_num_threads(min(2, torch.get_num_threads()))
    sizes = SHAPES[request.param]
    width = sizes.get("hidden_size", 768)
    with torch.random.fork_rng(devices=[]):
        model = OPTForCausalLM(OPTConfig(**sizes, word_embed_proj_dim=width)).eval().requires_grad_(False)
    generator = torch.Generator().manual_seed(0)
    prefix = torch.randn(BATCH, PREFIXES[request.param], width, generator=generator)
    lengths = torch.full((BATCH,), MEAN)  # a batch of texts of similar length
    ids = torch.randint(4, 300, (BATCH, LONGEST), generator=generator)
    mask = torch.arange(LONGEST) < lengths[:, None]
    group = f"loss of 32 captions and its gradient, {request.param}"
    return group, model, prefix, TokenBatch(ids[:, :MEAN], mask[:, :MEAN]), TokenBatch(ids, mask)


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


@pytest.mark.benchmark(min_rounds=5)
def test_logits_where_tokens_are_predicted(benchmark, step):
    """As a training of zsbench does: texts of similar length together, no logits at the prefix, no mask."""
    benchmark.group, model, prefix, trimmed, padded = step
    value = benchmark(lambda: take(lambda start: text_loss(model, start, trimmed, keeps_logits=True), prefix))
    assert value == pytest.approx(take(lambda start: plain(model, start, padded), prefix), rel=1e-4)


@pytest.mark.benchmark(min_rounds=5)
def test_the_plain_way(benchmark, step):
    """As the method's public code does: every position, every batch as wide as the longest text."""
    benchmark.group, model, prefix, _, padded = step
    assert benchmark(lambda: take(lambda start: plain(model, start, padded), prefix)) > 0


@pytest.mark.benchmark(min_rounds=5)
def test_bfloat16(benchmark, step):
    """The named precision; faster only where the processor multiplies in it."""
    benchmark.group, model, prefix, trimmed, _ = step

    def loss(start):
        with torch.autocast("cpu", torch.bfloat16), sdpa_kernel(SDPBackend.MATH):
            return text_loss(model, start, trimmed, keeps_logits=True)

    assert benchmark(lambda: take(loss, prefix)) > 0
