"""Isotropic Gaussian noise: the gap as a ball that both modalities fill."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from pydantic import Field

from zsbench.interfaces.gap import GapModel
from zsbench.interfaces.records import Frozen
from zsbench_gaps.features import add_noise, normalise

if TYPE_CHECKING:
    from torch import Generator, Tensor

__all__ = ["GaussianNoise", "GaussianNoiseConfig"]


class GaussianNoiseConfig(Frozen):
    """How much noise."""

    noise_variance: float = Field(
        default=0.016,
        ge=0.0,
        description="sigma^2, variance of the noise in EACH dimension, before renormalisation (CapDec; MacCap)",
    )


class GaussianNoise(GapModel):
    """Adds noise and renormalises: ``x' = (x + n) / |x + n|`` with ``n ~ N(0, sigma^2 I)``, in both directions.

    Unit: ``noise_variance`` is sigma^2 per dimension, so ``|n|`` is about ``sigma * sqrt(D)``: at the default 0.016
    and D = 512 about 2.9, against a feature of norm 1. The noise is added to the features as given; a fusion of two
    unit vectors (norm up to 2) is disturbed less than one. Every feature of a set gets noise of its own.
    Fit: nothing. Norm of the output: 1.
    Source: CapDec (Nukrai et al. 2022, arXiv 2211.00575) in training; MacCap (Qiu et al. 2024, arXiv 2401.02347) in
    training and at inference.
    """

    def __init__(self, config: GaussianNoiseConfig) -> None:
        self.config = config

    def text_to_image(self, features: Tensor, generator: Generator) -> Tensor:
        """``(N, D)`` or ``(N, K, D)`` -> noisy features of the same shape, at unit norm."""
        return self._disturb(features, generator)

    def image_to_text(self, features: Tensor, generator: Generator) -> Tensor:
        """``(N, D)`` or ``(N, K, D)``, of any norm -> noisy features of the same shape, at unit norm."""
        return self._disturb(features, generator)

    def _disturb(self, features: Tensor, generator: Generator) -> Tensor:
        """The formula of the class; variance 0 draws all the same, so that streams stay aligned."""
        return normalise(add_noise(features, math.sqrt(self.config.noise_variance), generator))
