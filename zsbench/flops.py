"""Counting of work, for ``zsbench run --profile``: what was computed, how much of it, and how long it took.

A model that is given a ``FlopCounter`` tells it what it does::

    with measure(self.meter, "decode", unit="tokens") as tally:
        ...                       # whatever computes
        tally.items += produced   # tokens that somebody wanted, not rows that fill a batch up

Without a meter the same lines count into a tally that is thrown away, so a model asks nothing. Every product with
weights that a module of torch makes inside the block is counted by itself: linear layers, attention, convolutions, as
many rows as they were really given. Code that multiplies weights without calling their module tells so, once for each
product: ``tally.multiply(weight.numel(), rows, "float32")``; to tell what a module did counts it twice.

Blocks of one kind do not stand in each other. This module imports nothing heavy.
"""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol

__all__ = ["LOAD", "STAGE", "WAIT", "FlopCount", "FlopCounter", "measure"]

STAGE, LOAD, WAIT = "stage", "load", "wait"
"""The kinds that the runner measures itself: a whole stage, models becoming ready, other processes' locks."""


@dataclass
class FlopCount:
    """Work of one kind.

    Attributes:
        kind: Such as ``decode``.
        unit: Of the items, such as ``tokens``.
        items: How many were wanted and made.
        calls: How many blocks were measured.
        seconds: How long they took.
        products: Weights multiplied, in numbers, by their type and by the rows they were multiplied with.
        footprint: Bytes of the distinct weights among them.
    """

    kind: str
    unit: str = ""
    items: int = 0
    calls: int = 0
    seconds: float = 0.0
    products: Counter[tuple[str, int]] = field(default_factory=Counter)
    footprint: int = 0

    def multiply(self, weights: int, rows: int, dtype: str) -> None:
        """Count one product of so many weights, read once, with so many rows.

        Args:
            weights: Numbers in the matrix.
            rows: Vectors it was multiplied with.
            dtype: Type of the weights, as torch writes it: ``float32``, ``bfloat16``, ``float16``, ``int8``.
        """
        self.products[dtype, rows] += weights

    @property
    def operations(self) -> int:
        """Multiplications and additions: two for each weight and row."""
        return sum(2 * rows * weights for (_, rows), weights in self.products.items())


class _Removable(Protocol):
    """What torch gives for a hook."""

    def remove(self) -> None:
        """Take the hook away."""


class FlopCounter:
    """Collects the tallies of one process."""

    def __init__(self) -> None:
        self._tallies: dict[str, FlopCount] = {}
        self._open: list[FlopCount] = []
        self._seen: dict[str, set[int]] = {}
        self._hook: _Removable | None = None

    @contextmanager
    def measure(self, kind: str, unit: str = "") -> Iterator[FlopCount]:
        """Count what happens inside into the tally of this kind; the innermost block gets it."""
        self._listen()
        tally = self._tallies.setdefault(kind, FlopCount(kind, unit))
        self._open.append(tally)
        began = time.monotonic()
        try:
            yield tally
        finally:
            _settle()
            tally.seconds += time.monotonic() - began
            tally.calls += 1
            self._open.pop()

    def take(self) -> tuple[FlopCount, ...]:
        """What was counted since the last time."""
        taken = tuple(self._tallies.values())
        self._tallies, self._seen = {}, {}
        return taken

    def close(self) -> None:
        """Stop listening to torch."""
        if self._hook is not None:
            self._hook.remove()
            self._hook = None

    def _listen(self) -> None:
        """Hear of every module that computes, as soon as torch is there."""
        if self._hook is None and "torch" in sys.modules:
            from torch.nn.modules.module import register_module_forward_hook

            self._hook = register_module_forward_hook(self._hear)

    def _hear(self, module: Any, inputs: Any, output: Any) -> None:
        """A module has computed something."""
        found = _find_product(module, output)
        if found is None or not self._open:
            return
        weight, rows, weights = found
        tally, dtype = self._open[-1], str(weight.dtype).removeprefix("torch.")
        tally.multiply(weights, rows, dtype)
        for _ in range(_count_gradients(weight, inputs)):
            self._open[0].multiply(weights, rows, dtype)  # they are computed later, outside of the inner block
        seen = self._seen.setdefault(tally.kind, set())
        if weight.data_ptr() not in seen:
            seen.add(weight.data_ptr())
            tally.footprint += weights * weight.element_size()


@contextmanager
def measure(meter: FlopCounter | None, kind: str, unit: str = "") -> Iterator[FlopCount]:
    """Count what happens inside; without a meter, for nothing.

    Args:
        meter: Where to, or None.
        kind: Of work, such as ``decode`` or ``encode-images``.
        unit: Of the items, such as ``tokens``.
    """
    if meter is None:
        yield FlopCount(kind, unit)
        return
    with meter.measure(kind, unit) as tally:
        yield tally


def _find_product(module: Any, output: Any) -> tuple[Any, int, int] | None:
    """Weights that a module multiplied, the rows it multiplied them with, and how many weights; None for others.

    Attention packs its weights and uses them without calling modules of its own, so it counts for them.
    """
    from torch import nn

    if isinstance(module, nn.Linear):
        return module.weight, output.numel() // module.out_features, module.weight.numel()
    if isinstance(module, nn.MultiheadAttention):
        packed = module.in_proj_weight
        inner = [packed] if packed is not None else [module.q_proj_weight, module.k_proj_weight, module.v_proj_weight]
        weights = sum(weight.numel() for weight in inner) + module.out_proj.weight.numel()
        return inner[0], output[0].numel() // module.embed_dim, weights
    if isinstance(module, (nn.Conv1d, nn.Conv2d)):
        return module.weight, output.numel() // module.out_channels, module.weight.numel()
    if type(module).__name__ == "Conv1D":  # GPT-2's linear layer, of transformers
        return module.weight, output.numel() // module.weight.shape[1], module.weight.numel()
    return None


def _count_gradients(weight: Any, inputs: Any) -> int:
    """Products that one call costs later in training: one for each gradient that flows back through it."""
    import torch

    if not torch.is_grad_enabled():
        return 0
    flows = bool(inputs) and isinstance(inputs[0], torch.Tensor) and inputs[0].requires_grad
    return int(flows) + int(weight.requires_grad)


def _settle() -> None:
    """Wait for what an accelerator has not finished."""
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_available() and torch.cuda.is_initialized():
        torch.cuda.synchronize()
