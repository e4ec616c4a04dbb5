"""What the gap models share: unit norm, and the checks of features that a fit or a use sees.

Shapes: N items, K features an item, D joint width. Nothing here imports torch, so that listing stays fast.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from zsbench.errors import FeatureError

if TYPE_CHECKING:
    from torch import Generator, Tensor

__all__ = ["BLOCK", "add_noise", "check_features_norm", "check_width", "iter_blocks", "normalise"]

BLOCK = 16_384
"""Rows that a streaming fit holds in float64 at once."""
NORM_TOLERANCE = 1e-3
SMALLEST_NORM = 1e-12


def normalise(features: Tensor) -> Tensor:
    """Features at unit norm along the last axis; a zero vector stays zero."""
    unit: Tensor = features / features.norm(dim=-1, keepdim=True).clamp_min(SMALLEST_NORM)
    return unit


def add_noise(features: Tensor, noise_std: float, generator: Generator) -> Tensor:
    """``x + s n`` with ``n ~ N(0, I)``, for every feature on its own; s = 0 draws all the same.

    The generator therefore stands where it would stand with any other s, and streams stay aligned.
    """
    noise = features.new_empty(features.shape).normal_(generator=generator)
    return noise.mul_(noise_std).add_(features)


def iter_blocks(features: Tensor, *, name: str) -> Iterator[Tensor]:
    """Blocks of ``(N, D)`` features in float64, each checked; reads memory-mapped features once.

    Raises:
        FeatureError: The features are empty, not two-dimensional, not finite or not of unit norm.
    """
    if features.ndim != 2 or not len(features):  # noqa: PLR2004  (N, D)
        shape = tuple(features.shape)
        raise FeatureError(f"The {name} features have shape {shape}.", "A fit needs (N, D) with N >= 1.", _REMEDY)
    for start in range(0, len(features), BLOCK):
        wide = features[start : start + BLOCK].double()
        check_features_norm(wide, name=name)
        yield wide


def check_features_norm(features: Tensor, *, name: str) -> None:
    """Refuse features that hold NaN or infinity, or are not of unit norm.

    Raises:
        FeatureError: They do.
    """
    norms = features.norm(dim=-1)
    worst = float((norms - 1.0).abs().max())
    if not worst <= NORM_TOLERANCE:  # NaN compares False
        raise FeatureError(
            f"A row of the {name} features has a norm that is {worst:.3g} away from 1.",
            "Features are finite and of unit norm.",
            _REMEDY,
        )


def check_width(features: Tensor, width: int, *, name: str) -> None:
    """Refuse features of another width than those of the fit.

    Raises:
        FeatureError: They are wider or narrower.
    """
    if features.shape[-1] != width:
        raise FeatureError(
            f"The {name} features are {features.shape[-1]} wide.",
            f"The features of the fit are {width} wide.",
            "Use one encoder for texts and images.",
        )


_REMEDY = "Rebuild them with the encoder: delete the stage's folder in the store and run again."
