"""Products whose rows do not depend on their number."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch.nn import functional

from zsbench.linear import has_independent_rows, has_int8, has_onednn, make_product

CPU = torch.device("cpu")
KERNELS = ("torch", "onednn", "onednn-copied")
PRECISIONS = [
    pytest.param(dtype, marks=pytest.mark.skipif(not has_onednn(dtype, CPU), reason=f"no oneDNN for {dtype} here"))
    for dtype in (torch.float32, torch.bfloat16)
]


def draw(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("dtype", PRECISIONS)
@pytest.mark.parametrize("rows", [1, 2, 5, 64])
@pytest.mark.parametrize("relu", [False, True])
def test_products_are_linear_layers(dtype, rows, relu):
    """Weights times rows plus bias, rectified on demand, as torch computes it."""
    weight, bias, x = draw(48, 96).to(dtype), draw(48, seed=1).to(dtype), draw(rows, 96, seed=2).to(dtype)
    expected = functional.linear(x.double(), weight.double(), bias.double())
    expected = expected.relu() if relu else expected
    for kernel in KERNELS:
        found = make_product(weight, bias, relu=relu, kernel=kernel)(x)
        assert found.dtype == dtype
        assert torch.allclose(found.double(), expected, rtol=1e-2, atol=0.15 if dtype == torch.bfloat16 else 1e-4)


@pytest.mark.parametrize("dtype", PRECISIONS)
@pytest.mark.parametrize(("wide", "narrow"), [(768, 768), (3072, 768), (160, 640)])
def test_a_row_has_the_same_bits_among_any_number(dtype, wide, narrow):
    """Alone, among few, among hundreds: oneDNN's products give a row the same bits, with one thread or two."""
    weight, bias, x = draw(narrow, wide).to(dtype), draw(narrow, seed=1).to(dtype), draw(300, wide, seed=2).to(dtype)
    product = make_product(weight, bias, kernel="onednn-copied")
    whole = product(x)
    assert torch.equal(make_product(weight, bias, kernel="onednn")(x), whole)
    for rows in (1, 2, 3, 4, 5, 9, 13, 31, 64, 129):
        assert torch.equal(product(x[:rows]), whole[:rows])
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        assert torch.equal(product(x), whole)
    finally:
        torch.set_num_threads(threads)


def test_the_probe_sees_rows_that_depend_on_their_number():
    """A product that rounds otherwise for a few rows is found out; one that does not is not."""
    weight = draw(8, 16)

    def honest(x):
        return (x[:, None] * weight).sum(dim=-1)

    def fickle(x):
        return honest(x) * (1 + 1e-6 * (len(x) == 3))

    assert has_independent_rows([(honest, 16)], torch.float32)
    assert not has_independent_rows([(honest, 16), (fickle, 16)], torch.float32)


def test_other_precisions_and_devices_are_left_to_torch():
    """Only float32 and bfloat16 on a CPU are."""
    assert not has_onednn(torch.float64, CPU)
    assert not has_onednn(torch.float32, torch.device("meta"))


needs_int8 = pytest.mark.skipif(not has_int8(CPU), reason="no exact products of int8 here")


@needs_int8
@pytest.mark.parametrize("relu", [False, True])
def test_a_product_of_int8_is_the_product_of_what_was_rounded(relu):
    """Rows and weights are rounded to 255 numbers each, by their own largest; the sums are exact."""
    weight, bias, x = draw(48, 96), draw(48, seed=1), draw(20, 96, seed=2)

    def round_rows(rows):
        scales = rows.double().abs().amax(dim=1, keepdim=True) / 127
        return (rows.double() / scales).round() * scales

    expected = round_rows(x) @ round_rows(weight).T + bias.double()
    expected = expected.relu() if relu else expected
    found = make_product(weight, bias, relu=relu, kernel="int8")(x)
    assert found.dtype == torch.float32
    assert torch.allclose(found.double(), expected, atol=1e-4)
    exact = functional.linear(x, weight, bias)
    assert 0.0 < float((make_product(weight, bias, kernel="int8")(x) - exact).abs().max()) < 1.0


@needs_int8
def test_products_of_int8_have_independent_rows_and_keep_zeros():
    """Alone or among many, one thread or two; a row of zeros gives the bias."""
    product, x = make_product(draw(160, 640), draw(160, seed=1), kernel="int8"), draw(300, 640, seed=2)
    x[7] = 0.0
    whole = product(x)
    assert has_independent_rows([(product, 640)], torch.float32)
    for rows in (1, 2, 3, 31, 129):
        assert torch.equal(product(x[:rows]), whole[:rows])
    assert torch.equal(whole[7], draw(160, seed=1))


def test_products_of_int8_that_lose_sums_are_not_used(monkeypatch):
    """A processor that keeps sums in 16 bits between is found out; so is one that has no such product, or no CPU."""
    monkeypatch.setattr(torch, "_int_mm", lambda left, right: (left.long() @ right.long()).clamp(-(2**15), 2**15).int())
    assert not has_int8(CPU)

    def refuse(left, right):
        raise RuntimeError("not for this processor")

    monkeypatch.setattr(torch, "_int_mm", refuse)
    assert not has_int8(CPU)
    assert not has_int8(torch.device("cuda"))


GROWTH = """
import os, pathlib, torch
from zsbench.linear import make_product
product = make_product(torch.randn(480, 160), None, kernel="onednn-copied")
def held():
    lines = pathlib.Path("/proc/self/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("Anonymous:"))
torch.set_num_threads(1)
rows = [torch.randn(count, 160) for count in range(2, 1002)]
for x in rows[:10]:
    product(x)
before = held()
for x in rows:
    product(x)
print(held() - before, os.environ["LRU_CACHE_CAPACITY"], os.environ["ONEDNN_PRIMITIVE_CACHE_CAPACITY"])
"""


def probe_growth(**environment):
    clean = {name: value for name, value in os.environ.items() if not name.endswith("CACHE_CAPACITY")}
    done = subprocess.run(
        [sys.executable, "-c", GROWTH], env={**clean, **environment}, capture_output=True, text=True, check=True
    )
    grown, *limits = done.stdout.split()
    return int(grown), limits


@pytest.mark.skipif(not has_onednn(torch.float32, CPU), reason="oneDNN is not in this torch")
@pytest.mark.skipif(not Path("/proc/self/smaps_rollup").exists(), reason="memory is told on Linux only")
def test_many_sizes_of_products_are_not_all_remembered():
    """A run decodes hundreds of numbers of rows; oneDNN would keep a kernel for each."""
    grown, limits = probe_growth()
    unlimited, kept = probe_growth(LRU_CACHE_CAPACITY="1024", ONEDNN_PRIMITIVE_CACHE_CAPACITY="1024")
    assert limits == ["128", "128"]
    assert kept == ["1024", "1024"]  # what a user says counts
    if unlimited < 50_000_000:
        pytest.skip("kernels of this processor are small")
    assert grown < unlimited / 2
