"""No gap model: the baseline that every other is compared with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zsbench.interfaces.gap import GapModel
from zsbench.interfaces.records import Frozen
from zsbench_gaps.features import normalise

if TYPE_CHECKING:
    from torch import Generator, Tensor

__all__ = ["NoGap", "NoGapConfig"]


class NoGapConfig(Frozen):
    """There is nothing to set."""


class NoGap(GapModel):
    """Identity up to the norm: ``x' = x / |x|`` in both directions.

    Unit: none. Fit: nothing. Norm of the output: 1. The generator is not used.
    Source: the needed baseline of every study of the modality gap (Liang et al. 2022, arXiv 2203.02053).
    """

    def __init__(self, config: NoGapConfig) -> None:
        self.config = config

    def text_to_image(self, features: Tensor, generator: Generator) -> Tensor:
        """``(N, D)`` or ``(N, K, D)`` -> the same at unit norm."""
        return normalise(features)

    def image_to_text(self, features: Tensor, generator: Generator) -> Tensor:
        """``(N, D)`` or ``(N, K, D)``, of any norm -> the same at unit norm."""
        return normalise(features)
