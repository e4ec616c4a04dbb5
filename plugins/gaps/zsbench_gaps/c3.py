"""Collapse and corrupt: both modalities lose their mean, texts get noise."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from zsbench.interfaces.gap import GapRequirement
from zsbench.interfaces.records import Frozen
from zsbench_gaps.features import add_noise, normalise
from zsbench_gaps.fitted import FittedGapModel
from zsbench_gaps.streaming import stream_mean

if TYPE_CHECKING:
    from torch import Generator, Tensor

__all__ = ["C3", "C3Config"]

CAPDEC_STD = 0.126
"""sqrt(0.016), to three digits."""


class C3Config(Frozen):
    """How much noise, and whether to renormalise."""

    noise_std: float = Field(
        default=CAPDEC_STD, ge=0.0, description="s, standard deviation in EACH dimension; the public code's"
    )
    renormalise: bool = Field(default=False, description="bring both sides back to unit norm; off in the public code")


class C3(FittedGapModel):
    """Collapse and corrupt: ``t' = t - mean(t) + s n``, ``n ~ N(0, I)``, and ``v' = normalise(v) - mean(v)``.

    Both modalities move to the origin: what the encoder's contrastive training connected is collapsed, then corrupted.
    Unit: ``noise_std`` is a standard deviation in each dimension.
    Fit: unpaired sets of text and of image features; one pass each, float64. Norm of the output: what is left,
    sqrt(1 - |mean|^2) on average for images, unless ``renormalise`` brings it to 1.
    Source: C3 (Zhang et al. 2024, arXiv 2401.08567), collapse and corrupt.
    """

    requires: ClassVar[GapRequirement] = "unpaired"
    state_names: ClassVar[tuple[str, ...]] = ("text_mean", "image_mean")

    def __init__(self, config: C3Config) -> None:
        super().__init__()
        self.config = config

    def text_to_image(self, features: Tensor, generator: Generator) -> Tensor:
        """``(N, D)`` or ``(N, K, D)`` -> collapsed and corrupted, of the same shape."""
        centred = features - self._fitted("text_mean", features).to(features)
        return self._finish(add_noise(centred, self.config.noise_std, generator))

    def image_to_text(self, features: Tensor, generator: Generator) -> Tensor:
        """``(N, D)`` or ``(N, K, D)``, of any norm -> collapsed, of the same shape; no noise."""
        return self._finish(normalise(features) - self._fitted("image_mean", features).to(features))

    def _estimate(self, texts: Tensor, images: Tensor) -> dict[str, Tensor]:
        """Both means, each ``(D,)`` float64."""
        return {"text_mean": stream_mean(texts, name="text"), "image_mean": stream_mean(images, name="image")}

    def _finish(self, features: Tensor) -> Tensor:
        """The norm that the settings ask for."""
        return normalise(features) if self.config.renormalise else features
