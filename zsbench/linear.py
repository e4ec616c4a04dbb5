"""Matrix products with frozen weights whose rows do not depend on how many rows there are. Imports torch.

A BLAS library takes another kernel for few rows than for many, and the last bits of a row change with it; a last bit
may turn a beam. oneDNN's products, seen on processors with AVX-512, give each row the same bits among 2 rows or 512, on
one thread or two, and are faster as well. ``has_independent_rows`` measures this instead of trusting it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional

__all__ = ["Kernel", "Product", "has_independent_rows", "has_onednn", "make_product"]

Kernel = Literal["torch", "onednn", "onednn-copied"]
Product = Callable[[Tensor], Tensor]
"""``(n, in)`` -> ``(n, out)``: multiply by fixed weights, add a bias."""
PROBED_ROWS = (1, 2, 3, 7, 33)
ALL_ROWS = 64


def has_onednn(dtype: torch.dtype, device: torch.device) -> bool:
    """Whether oneDNN multiplies this precision on this machine's processor."""
    if device.type != "cpu" or not torch.backends.mkldnn.is_available():  # type: ignore[no-untyped-call]
        return False
    if dtype == torch.bfloat16:
        return bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())  # noqa: SLF001  the one way to ask
    return dtype == torch.float32


def make_product(weight: Tensor, bias: Tensor | None, *, relu: bool = False, kernel: Kernel = "torch") -> Product:
    """The product with a weight ``(out, in)`` and a bias ``(out,)``, rectified on demand.

    Args:
        weight: The weights; they must not change afterwards.
        bias: The bias, or None.
        relu: Whether negative results become zero.
        kernel: What multiplies: torch on any device; oneDNN, see ``has_onednn``; or oneDNN with a copy of the weights
            in its own order, which takes as much memory again, is faster for few rows, and gives the same bits.
    """
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
