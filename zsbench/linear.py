"""Matrix products with frozen weights whose rows do not depend on how many rows there are. Imports torch.

A BLAS library takes another kernel for few rows than for many, and the last bits of a row change with it; a last bit
may turn a beam. oneDNN's products, seen on processors with AVX-512, give each row the same bits among 2 rows or 512, on
one thread or two, and are faster as well. ``has_independent_rows`` measures this instead of trusting it.

[1] Dettmers et al., arXiv 2208.07339: LLM.int8(), section 3.1, vector-wise quantization.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional

__all__ = ["Kernel", "Product", "has_independent_rows", "has_int8", "has_onednn", "make_product"]

Kernel = Literal["torch", "onednn", "onednn-copied", "int8"]
Product = Callable[[Tensor], Tensor]
"""``(n, in)`` -> ``(n, out)``: multiply by fixed weights, add a bias."""
PROBED_ROWS = (1, 2, 3, 7, 33)
ALL_ROWS = 64
REMEMBERED = 128
"""Sizes of products that oneDNN keeps ready: a batch needs a dozen at a time; its own choice, 1,024, takes 400 MB."""
LARGEST = 127
"""Largest number of a quantised row; its negative is the smallest."""

for _name in ("LRU_CACHE_CAPACITY", "ONEDNN_PRIMITIVE_CACHE_CAPACITY"):  # torch's and oneDNN's own, read at first use
    os.environ.setdefault(_name, str(REMEMBERED))


def has_onednn(dtype: torch.dtype, device: torch.device) -> bool:
    """Whether oneDNN multiplies this precision on this machine's processor."""
    if device.type != "cpu" or not torch.backends.mkldnn.is_available():  # type: ignore[no-untyped-call]
        return False
    if dtype == torch.bfloat16:
        return bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())  # noqa: SLF001  the one way to ask
    return dtype == torch.float32


def has_int8(device: torch.device) -> bool:
    """Whether products of int8 are exact on this machine's processor; some lose sums that do not fit in 16 bits."""
    if device.type != "cpu":
        return False
    ends = torch.tensor([-LARGEST, LARGEST], dtype=torch.int8).repeat_interleave(ALL_ROWS)
    left = ends[:, None].repeat(1, len(ends))  # all sums are as far from zero as they get
    right = left.t().contiguous()
    try:
        found = torch._int_mm(left, right)  # noqa: SLF001  the one product of int8 that torch has
    except RuntimeError:
        return False
    return torch.equal(found.long(), left.long() @ right.long())


def make_product(weight: Tensor, bias: Tensor | None, *, relu: bool = False, kernel: Kernel = "torch") -> Product:
    """The product with a weight ``(out, in)`` and a bias ``(out,)``, rectified on demand.

    Args:
        weight: The weights; they must not change afterwards.
        bias: The bias, or None.
        relu: Whether negative results become zero.
        kernel: What multiplies: torch on any device; oneDNN, see ``has_onednn``; or oneDNN with a copy of the weights
            in its own order, which takes as much memory again, is faster for few rows, and gives the same bits; or
            int8 [1], see ``has_int8``: every row of the weights and every row that is multiplied is divided by its
            largest absolute number and rounded to one of 255. Sums of int8 are exact, so rows are independent.
    """
    if kernel == "int8":
        return _Int8Product(weight, bias, relu=relu)
    if kernel == "torch":
        return _PlainProduct(weight, bias, relu=relu)
    return _OneDnnProduct(weight, bias, relu=relu, copied=kernel == "onednn-copied")


def has_independent_rows(products: Sequence[tuple[Product, int]], dtype: torch.dtype) -> bool:
    """Whether every product gives a row the same bits among few rows as among many.

    Args:
        products: Products, each with the width of its input.
        dtype: The precision of the input.
    """
    generator = torch.Generator().manual_seed(0)
    for product, width in products:
        x = torch.randn(ALL_ROWS, width, generator=generator).to(dtype)
        expected = product(x)
        if not all(torch.equal(product(x[:rows]), expected[:rows]) for rows in PROBED_ROWS):
            return False
    return True


class _PlainProduct:
    """The product as torch does it on any device."""

    def __init__(self, weight: Tensor, bias: Tensor | None, *, relu: bool) -> None:
        self._weight, self._bias, self._relu = weight, bias, relu

    def __call__(self, x: Tensor) -> Tensor:
        result = functional.linear(x, self._weight, self._bias)
        return result.relu_() if self._relu else result


class _OneDnnProduct:
    """The product as oneDNN does it on a CPU."""

    def __init__(self, weight: Tensor, bias: Tensor | None, *, relu: bool, copied: bool) -> None:
        own = torch.ops.mkldnn._reorder_linear_weight  # noqa: SLF001  what torch.compile calls too
        self._weight = own(weight.contiguous(), ALL_ROWS) if copied else weight.contiguous()
        self._bias = bias
        self._after = "relu" if relu else "none"
        self._multiply = torch.ops.mkldnn._linear_pointwise.default  # noqa: SLF001  as above

    def __call__(self, x: Tensor) -> Tensor:
        if len(x) == 1:  # one row is a product of its own kind
            return self(x.expand(2, -1).contiguous())[:1]
        result: Tensor = self._multiply(x, self._weight, self._bias, self._after, [], "")
        return result


class _Int8Product:
    """The product of weights and rows that are both quantised [1]: a quarter of the memory, on a CPU."""

    def __init__(self, weight: Tensor, bias: Tensor | None, *, relu: bool) -> None:
        quantised, scales = _quantise(weight.float())
        self._weight, self._scales = quantised.t().contiguous(), scales.t()  # (in, out), (1, out)
        self._bias, self._relu, self._dtype = bias, relu, weight.dtype

    def __call__(self, x: Tensor) -> Tensor:
        rows, scales = _quantise(x.float())
        sums = torch._int_mm(rows, self._weight)  # noqa: SLF001  as in ``has_int8``
        result = sums.view(torch.float32).copy_(sums)  # where they are: a new place costs more than the copy
        result.mul_(scales).mul_(self._scales)
        if self._bias is not None:
            result.add_(self._bias)
        return (result.relu_() if self._relu else result).to(self._dtype)


def _quantise(rows: Tensor) -> tuple[Tensor, Tensor]:
    """Rows ``(n, m)`` as int8, and what each is to be multiplied by, ``(n, 1)``; a row of zeros stays one."""
    scales = rows.abs().amax(dim=1, keepdim=True) / LARGEST
    return (rows / scales.clamp(min=torch.finfo(torch.float32).tiny)).round_().to(torch.int8), scales
