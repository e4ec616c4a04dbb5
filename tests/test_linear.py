"""Products whose rows do not depend on their number."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional

from zsbench.linear import has_independent_rows, has_onednn, make_product

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
