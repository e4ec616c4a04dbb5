"""What the gap models share: unit norm, and the check of features that a fit sees.

Alphabet: N items, K features an item, D joint width. Nothing here imports torch, so that listing stays fast.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from zsbench.errors import FeatureError

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["check_features_norm", "iter_blocks", "normalise"]

BLOCK = 16_384
"""Rows that a streaming fit holds in float64 at once."""
NORM_TOLERANCE = 1e-3
SMALLEST_NORM = 1e-12


def normalise(features: Tensor) -> Tensor:
    """Features at unit norm along the last axis; a zero vector stays zero."""
    unit: Tensor = features / features.norm(dim=-1, keepdim=True).clamp_min(SMALLEST_NORM)
    return unit


def iter_blocks(features: Tensor, *, name: str) -> Iterator[Tensor]:
    """Blocks of ``(N, D)`` features in float64, each checked; reads memory-mapped features once.

    Raises:
        FeatureError: The features are missing, empty, not two-dimensional, not finite or not of unit norm.
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


_REMEDY = "Rebuild them with the encoder: delete the stage's folder in the store and run again."
