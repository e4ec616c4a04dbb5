"""Noise that stands in for sub-regions: MacCap's own model of the gap, its two sides set apart."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from pydantic import Field

from zsbench.interfaces.gap import GapModel
from zsbench.interfaces.records import Frozen
from zsbench_gaps.features import add_noise, normalise

if TYPE_CHECKING:
    from torch import Generator, Tensor

__all__ = ["SubregionNoise", "SubregionNoiseConfig"]


class SubregionNoiseConfig(Frozen):
    """How much noise on each side."""

    noise_variance: float = Field(
        default=0.016, ge=0.0, description="sigma^2 in EACH dimension of a text's copies in training (MacCap's code)"
    )
    inference_noise_variance: float = Field(
        default=0.016, ge=0.0, description="sigma^2 in EACH dimension of an image's sub-regions (MacCap's code)"
    )


class SubregionNoise(GapModel):
    """A set for a set: K noisy copies of a text stand for K sub-regions of an image.

    Texts: ``t'_k = normalise(t_k + n_k)``, ``n_k ~ N(0, sigma_t^2 I)``; the captioner hands over K copies of t.
    Images: ``v'_k = normalise(f_k + n_k)``, ``n_k ~ N(0, sigma_v^2 I)``; the captioner hands over K features
    ``f_k = v + w r_k`` with the sub-regions r_k that attention selects. A captioner without sub-regions hands over
    one feature, a set of one.
    Unit: variances in each dimension, before renormalisation. With ``inference_noise_variance: 0`` the sub-regions
    alone spread the set; with equal variances the formula is that of ``gaussian``.
    Fit: nothing. Norm of the output: 1.
    Source: MacCap (Qiu et al. 2024, arXiv 2401.02347), region noise of the training and sub-region features of the
    inference; the variance is the public code's.
    """

    def __init__(self, config: SubregionNoiseConfig) -> None:
        self.config = config

    def text_to_image(self, features: Tensor, generator: Generator) -> Tensor:
        """``(N, K, D)`` copies, or ``(N, D)`` -> the same with noise of their own, at unit norm."""
        return normalise(add_noise(features, math.sqrt(self.config.noise_variance), generator))

    def image_to_text(self, features: Tensor, generator: Generator) -> Tensor:
        """``(N, K, D)`` fused sub-regions of any norm, or ``(N, D)`` -> the same with noise, at unit norm."""
        return normalise(add_noise(features, math.sqrt(self.config.inference_noise_variance), generator))
