"""The arithmetic of a training step: float32, or a lower precision over float32 weights."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

import torch
from torch.amp import GradScaler
from torch.nn.attention import SDPBackend, sdpa_kernel

from zsbench.errors import ConfigError

__all__ = ["Precision", "arithmetic", "check_precision", "make_scaler"]

Precision = Literal["float32", "bfloat16", "float16"]


def check_precision(precision: Precision, device: str) -> None:
    """Refuse a precision that a device has no use for.

    Raises:
        ConfigError: float16, whose range needs a scaled loss, anywhere but on CUDA.
    """
    if precision == "float16" and torch.device(device).type != "cuda":
        raise ConfigError(
            f"`training.precision` is float16 and the device is {device}.",
            "float16 is trained in on CUDA alone; bfloat16 and float32 work everywhere.",
            "Set `training.precision` to bfloat16, or run with `--device cuda`.",
            key="training.precision",
        )


def make_scaler(precision: Precision, device: str) -> GradScaler:
    """What keeps small gradients above the least number of float16; it does nothing in any other precision."""
    return GradScaler(torch.device(device).type, enabled=precision == "float16")


@contextmanager
def arithmetic(precision: Precision, device: str) -> Iterator[None]:
    """Compute in a precision; in bfloat16 on a CPU without the fused attention, whose backward is slow there."""
    kind = torch.device(device).type
    if precision == "float32":
        yield
    elif kind == "cpu":
        with torch.autocast(kind, torch.bfloat16), sdpa_kernel(SDPBackend.MATH):
            yield
    else:
        with torch.autocast(kind, getattr(torch, precision)):
            yield
