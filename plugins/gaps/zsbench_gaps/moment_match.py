"""Mean and standard deviation of every dimension, from the texts' to the images'."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from zsbench.errors import FeatureError
from zsbench.interfaces.gap import GapRequirement
from zsbench.interfaces.records import Frozen
from zsbench_gaps.features import add_noise, normalise
from zsbench_gaps.fitted import FittedGapModel
from zsbench_gaps.streaming import stream_mean

if TYPE_CHECKING:
    from torch import Generator, Tensor

__all__ = ["MomentMatch", "MomentMatchConfig"]

SMALLEST_STD = 1e-7


class MomentMatchConfig(Frozen):
    """How much noise comes after the match."""

    noise_variance: float = Field(
        default=0.016, ge=0.0, description="variance of the noise in EACH dimension, added after the match"
    )


class MomentMatch(FittedGapModel):
    """Matches two moments a dimension: ``t' = normalise((t - mu_t) sd_v / sd_t + mu_v + n)``, ``n ~ N(0, s^2 I)``.

    Images: ``v' = normalise(v)``.
    Unit: ``noise_variance`` is s^2 in each dimension; the source states no number, the default is CapDec's.
    Fit: unpaired sets of text and of image features; two passes each, float64. Norm of the output: 1.
    Source: TOMCap (arXiv 2512.04309), distribution alignment before its noise.
    """

    requires: ClassVar[GapRequirement] = "unpaired"
    state_names: ClassVar[tuple[str, ...]] = ("text_mean", "text_std", "image_mean", "image_std")

    def __init__(self, config: MomentMatchConfig) -> None:
        super().__init__()
        self.config = config

    def text_to_image(self, features: Tensor, generator: Generator) -> Tensor:
        """``(N, D)`` or ``(N, K, D)`` -> with the images' moments and noise, of the same shape, at unit norm."""
        mu_t, sd_t, mu_v, sd_v = (self._fitted(name, features).to(features) for name in self.state_names)
        matched = (features - mu_t) * (sd_v / sd_t) + mu_v
        return normalise(add_noise(matched, self.config.noise_variance**0.5, generator))

    def image_to_text(self, features: Tensor, generator: Generator) -> Tensor:
        """``(N, D)`` or ``(N, K, D)``, of any norm -> the same at unit norm."""
        return normalise(features)

    def _estimate(self, texts: Tensor, images: Tensor) -> dict[str, Tensor]:
        """Means and standard deviations, each ``(D,)`` float64.

        Raises:
            FeatureError: The texts do not vary in some dimension.
        """
        mu_t, sd_t = _moments(texts, name="text")
        mu_v, sd_v = _moments(images, name="image")
        if constant := int((sd_t < SMALLEST_STD).sum()):
            raise FeatureError(
                f"{len(texts)} texts have a standard deviation of 0 in {constant} of {len(sd_t)} dimensions.",
                "The fit divides by it.",
                "Give more texts, or an encoder whose dimensions all vary.",
            )
        return dict(zip(self.state_names, (mu_t, sd_t, mu_v, sd_v), strict=True))


def _moments(features: Tensor, *, name: str) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation of each dimension."""
    mean = stream_mean(features, name=name)
    variance = stream_mean(features, name=name, change=lambda block: (block - mean).square())
    return mean, variance.sqrt()
