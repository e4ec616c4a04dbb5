"""OPT's own forward pass against that of transformers."""

from __future__ import annotations

import pytest
import torch
from transformers import GPT2Config, GPT2LMHeadModel, OPTConfig, OPTForCausalLM

from zsbench.flops import FlopCount
from zsbench.language.opt import OptSteps, is_opt
from zsbench.linear import has_int8, has_onednn

SHAPES = {
    "plain": {},
    "norm-behind": {"do_layer_norm_before": False, "word_embed_proj_dim": 16},
    "without-bias": {"enable_bias": False, "layer_norm_elementwise_affine": False},
    "gelu": {"activation_function": "gelu"},
    "without-final-norm": {"_remove_final_layer_norm": True},
}
CPU = torch.device("cpu")
WAYS = [False, *([True] if has_onednn(torch.float32, CPU) else [])]


def make_model(**changes):
    sizes = {"hidden_size": 32, "word_embed_proj_dim": 32, "ffn_dim": 48, "num_hidden_layers": 3}
    settings = {**sizes, "num_attention_heads": 4, "vocab_size": 40, "max_position_embeddings": 64, "init_std": 0.3}
    with torch.random.fork_rng(devices=[]):
        torch.random.default_generator.manual_seed(3)
        model = OPTForCausalLM(OPTConfig(**{**settings, **changes}))
        for parameter in model.parameters():
            parameter.data += 0.05 * torch.randn(parameter.shape)
    return model.eval().requires_grad_(False)


def draw(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("onednn", WAYS)
@pytest.mark.parametrize("shape", SHAPES)
def test_logits_are_those_of_transformers(shape, onednn):
    """Prefixes, then steps of three beams each with its own past: the logits of a whole forward pass over each text."""
    model = make_model(**SHAPES[shape])
    steps = OptSteps(model, onednn=onednn)
    prefix = draw(2, 5, model.get_input_embeddings().weight.shape[1])
    logits, memory = steps.begin(prefix, room=9, tally=FlopCount("decode"))
    assert torch.allclose(logits, model(inputs_embeds=prefix).logits[:, -1], atol=1e-4)
    texts = torch.tensor([[[4], [5], [6]], [[7], [8], [9]]])  # (I, b, T)
    seen = torch.eye(3, dtype=torch.bool).expand(2, -1, -1)
    for parents, words in (((0, 0, 2), (10, 11, 12)), ((2, 1, 0), (13, 14, 15)), (None, None)):
        check_logits(model, prefix, texts, steps.step(texts[:, :, -1], memory, seen, FlopCount("decode")))
        if parents is not None:
            texts = torch.cat((texts[:, list(parents)], torch.tensor(words).view(1, 3, 1).expand(2, -1, -1)), dim=2)
            seen = torch.cat((seen[:, list(parents)], torch.eye(3, dtype=torch.bool).expand(2, -1, -1)), dim=2)


@pytest.mark.parametrize("precision", ["bfloat16", "int8"])
def test_logits_in_another_precision_are_near_and_not_the_same(precision):
    """Of prefixes and of steps, by no more than a twentieth of their spread; the weights are rounded, so never equal."""
    if not (has_int8(CPU) if precision == "int8" else has_onednn(torch.bfloat16, CPU)):
        pytest.skip(f"no products of {precision} here")
    model = make_model()
    prefix, tokens, own = draw(4, 5, 32), torch.tensor([[4], [5], [6], [7]]), torch.ones(4, 1, 1, dtype=torch.bool)
    found = []
    for kind in ("own", precision):
        steps = OptSteps(model, onednn=WAYS[-1] or precision == "bfloat16", precision=kind)
        logits, memory = steps.begin(prefix, room=1, tally=FlopCount("decode"))
        found.append(torch.stack((logits, steps.step(tokens, memory, own, FlopCount("decode")))))
    assert found[1].dtype == (torch.bfloat16 if precision == "bfloat16" else torch.float32)
    distance = (found[1] - found[0]).square().mean().sqrt() / found[0].std()
    assert 1e-4 < float(distance) < 0.05


def check_logits(model, prefix, texts, found):
    rows = [torch.cat((prefix[i], model.get_input_embeddings()(row))) for i, item in enumerate(texts) for row in item]
    expected = model(inputs_embeds=torch.stack(rows)).logits[:, -1]
    assert torch.allclose(found, expected, atol=1e-4)


def test_items_that_are_let_go_change_no_other():
    """After keep, the others' logits are the same bits."""
    model = make_model()
    steps = OptSteps(model, onednn=WAYS[-1])
    prefix, own = draw(3, 4, 32), torch.eye(2, dtype=torch.bool)
    found = []
    for items in ([0, 1, 2], [2, 0]):
        _, memory = steps.begin(prefix, room=4, tally=FlopCount("decode"))
        steps.step(torch.tensor([[4, 5], [6, 7], [8, 9]]), memory, own.expand(3, -1, -1), FlopCount("decode"))
        memory.keep(torch.tensor(items))
        seen = torch.cat((own, own), dim=1).expand(len(items), -1, -1)
        tokens = torch.tensor([[10, 11], [12, 13], [14, 15]])[items]
        found.append(steps.step(tokens, memory, seen, FlopCount("decode")).view(len(items), 2, -1))
    assert torch.equal(found[1], found[0][[2, 0]])


def test_the_memory_of_an_item_is_counted():
    """Keys and values of every layer and position, four bytes each."""
    assert OptSteps(make_model(), onednn=False).item_bytes(10) == 2 * 3 * 10 * 32 * 4


def test_only_opt_is_taken_apart():
    """Other architectures are left to transformers."""
    assert is_opt(make_model())
    assert not is_opt(GPT2LMHeadModel(GPT2Config(n_embd=8, n_layer=1, n_head=2, vocab_size=9, n_positions=8)))
