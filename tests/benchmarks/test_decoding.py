"""A decoding step against its bare products, and against transformers' generate."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import pytest
import torch
from torch.nn import functional
from torch.profiler import ProfilerActivity, profile
from transformers import GenerationConfig

from zsbench.components import LanguageModelChoice
from zsbench.config import read_matrix
from zsbench.fingerprints import FileHashes
from zsbench.flops import FlopCount
from zsbench.interfaces import GenerationSettings, MatrixSpec
from zsbench.language.decoding import Decoder
from zsbench.language.frozen import load_model
from zsbench.language.opt import OptSteps
from zsbench.linear import has_onednn
from zsbench.plugins import load_plugins
from zsbench.registry import load_object
from zsbench_sizes import write_opt

TOKENS, END = 20, 2
PREFIX = {"embedded": 16, "opt-125m": 33}
ROWS = (1, 4, 16, 64, 256)
CASES = [(model, rows) for model in PREFIX for rows in ROWS]
PARTS = {
    "products with weights": ("_linear_pointwise", "linear", "addmm", "mm"),
    "attention": ("bmm", "baddbmm", "_softmax"),
    "copies": ("copy_", "cat", "index_select", "gather", "index", "embedding"),
    "norms and sums": ("native_layer_norm", "add", "add_"),
}
"""What torch's operations are for; the rest chooses tokens, makes masks, and looks at tensors in another shape."""
NOTE = "greedy, every text 20 tokens long; a step is what a token more takes"


def case(model: str, rows: int, against: str, aim: float):
    mark = pytest.mark.ratio(
        what="a decoding step", against=against, size=f"{model}, float32, {rows} rows", aim=aim, note=NOTE
    )
    return pytest.param(model, rows, marks=mark, id=f"{model}-{rows}")


@dataclass
class Timed:
    """What was found, and the seconds of one step."""

    texts: list[list[int]]
    step: float


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """The embedded language model, and one of OPT-125m's architecture with random weights."""
    registry = load_plugins().registry
    matrix = read_matrix(load_object(registry.get(MatrixSpec, "embedded").factory)(), {})
    embedded = LanguageModelChoice(matrix.language_model, online=False, hashes=FileHashes(None)).model
    folders = {"embedded": embedded._folder, "opt-125m": write_opt(tmp_path_factory.mktemp("opt"))}
    return {name: load_model(folder, "float32") for name, folder in folders.items()}


def draw_prefixes(model: Any, name: str, rows: int):
    width, scale = model.get_input_embeddings().weight.shape[1], 0.3 if name == "embedded" else 0.1
    return scale * torch.randn(rows, PREFIX[name], width, generator=torch.Generator().manual_seed(rows))


def time_steps(decode) -> Timed:
    """Seconds of a step, from a long text and a short one, so that the prefix is not part of it."""
    seconds = []
    for tokens in (2, TOKENS):
        began = time.perf_counter()
        texts = decode(tokens)
        seconds.append(time.perf_counter() - began)
    return Timed(texts, max(seconds[1] - seconds[0], 1e-9) / (TOKENS - 2))


def make_ours(model: Any, prefix):
    steps = OptSteps(model, onednn=has_onednn(model.dtype, prefix.device))
    decoder = Decoder(steps, end=END)

    def decode(tokens):
        settings = GenerationSettings(beams=1, max_new_tokens=tokens, min_new_tokens=tokens)
        with torch.inference_mode():
            return decoder.decode(prefix, settings, FlopCount("decode"))

    return lambda: time_steps(decode)


def make_plain(model: Any, prefix):
    mask = torch.ones(prefix.shape[:2], dtype=torch.long)

    def decode(tokens):
        least = {"max_new_tokens": tokens, "min_new_tokens": tokens}
        config = GenerationConfig(do_sample=False, eos_token_id=END, pad_token_id=1, **least)
        return model.generate(inputs_embeds=prefix, attention_mask=mask, generation_config=config).tolist()

    return lambda: time_steps(decode)


def make_bare(model: Any, rows: int):
    """All weights of a step multiplied with so many rows, by torch, and nothing else."""
    linears = [module for module in model.modules() if isinstance(module, torch.nn.Linear)]
    inputs = {linear.in_features: torch.randn(rows, linear.in_features) for linear in linears}

    def multiply():
        began = time.perf_counter()
        with torch.inference_mode():
            for linear in linears:
                functional.linear(inputs[linear.in_features], linear.weight, linear.bias)
        return Timed([], time.perf_counter() - began)

    return lambda: min((multiply() for _ in range(3)), key=lambda timed: timed.step)


def rounds_of(name: str, rows: int) -> int:
    return 1 if name == "opt-125m" and rows > 64 else 3


@pytest.mark.parametrize(
    ("name", "rows"), [case(*each, "the bare products of a step, by torch", round(1 / 1.15, 2)) for each in CASES]
)
def test_bare_step(side_by_side, models, name, rows):
    """How near a step is to its products with weights; 1 is as fast."""
    model = models[name]
    ours = make_ours(model, draw_prefixes(model, name, rows))
    ours, bare = side_by_side(
        ours, make_bare(model, rows), rounds=rounds_of(name, rows), warmup=1, measure=lambda timed: timed.step
    )
    assert bare.step > 0
    assert [len(text) for text in ours.texts] == [TOKENS] * rows


@pytest.mark.parametrize(("name", "rows"), [case(*each, "a step of transformers' generate", 1.0) for each in CASES])
def test_plain_generate(side_by_side, models, name, rows):
    """The same tokens, sooner."""
    model = models[name]
    prefix = draw_prefixes(model, name, rows)
    rounds = rounds_of(name, rows)
    ours, plain = side_by_side(
        make_ours(model, prefix), make_plain(model, prefix), rounds=rounds, measure=lambda timed: timed.step
    )
    same = sum(mine == theirs for mine, theirs in zip(ours.texts, plain.texts, strict=True))
    assert same >= 0.98 * rows  # other last bits may turn a tie


@pytest.mark.parametrize(("name", "rows"), CASES)
def test_where_a_step_goes(benchmark, tell, models, name, rows):
    """Shares of torch's operations in the time of a text, the prefix aside; what is left is Python and dispatch."""
    decode = make_ours(models[name], draw_prefixes(models[name], name, rows))
    benchmark.pedantic(decode, rounds=1, warmup_rounds=1)
    with profile(activities=[ProfilerActivity.CPU], acc_events=True) as found:
        began = time.perf_counter()
        decode()
        total = (time.perf_counter() - began) * 1e6
    spent = {event.key.split("::")[-1]: event.self_cpu_time_total for event in found.key_averages()}
    shares = {part: sum(spent.get(name, 0.0) for name in names) / total for part, names in PARTS.items()}
    shares["other operations"] = sum(spent.values()) / total - sum(shares.values())
    shares["between operations"] = max(0.0, 1 - sum(shares.values()))
    benchmark.extra_info.update(shares)
    tell(f"{name}, {rows} rows: " + ", ".join(f"{part} {share:.0%}" for part, share in shares.items()))
    assert shares["products with weights"] > 0
    assert sum(shares.values()) == pytest.approx(1, abs=0.1)
