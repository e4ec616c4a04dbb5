"""The difference of the two modalities' means: the gap as one constant vector."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from zsbench.interfaces.gap import GapRequirement
from zsbench.interfaces.records import Frozen
from zsbench_gaps.features import normalise
from zsbench_gaps.fitted import FittedGapModel
from zsbench_gaps.streaming import stream_mean

if TYPE_CHECKING:
    from torch import Generator, Tensor

__all__ = ["MeanShift", "MeanShiftConfig"]


class MeanShiftConfig(Frozen):
    """How far to go."""

    step: float = Field(
        default=1.0,
        description="lambda, share of the distance between the means; 1 goes all the way (Liang et al.)",
    )


class MeanShift(FittedGapModel):
    """Moves along the gap vector ``d = mean(v) - mean(t)``.

    Texts: ``t' = normalise(t + lambda d)``. Images: ``v' = normalise(normalise(v) - lambda d)``.
    Unit: ``step`` (lambda) is a share of ``d``; ``|d|`` is a distance in the joint space of unit vectors. Choose it
    for training or for inference, not both at step 1, which crosses the gap twice; the original study moves both
    modalities by half the way each (step 0.5 twice).
    Fit: unpaired sets of text and of image features, streamed, summed in float64. Norm of the output: 1. Images are
    normalised first, because ``d`` is measured between unit vectors. The generator is not used.
    Source: Liang et al. 2022, *Mind the Gap*, arXiv 2203.02053, section 5.
    """

    requires: ClassVar[GapRequirement] = "unpaired"
    state_names: ClassVar[tuple[str, ...]] = ("text_mean", "image_mean")

    def __init__(self, config: MeanShiftConfig) -> None:
        super().__init__()
        self.config = config

    def text_to_image(self, features: Tensor, generator: Generator) -> Tensor:
        """``(N, D)`` or ``(N, K, D)`` -> the same, ``step`` nearer to the images, at unit norm."""
        return normalise(features + self._shift(features))

    def image_to_text(self, features: Tensor, generator: Generator) -> Tensor:
        """``(N, D)`` or ``(N, K, D)``, of any norm -> the same, ``step`` nearer to the texts, at unit norm."""
        return normalise(normalise(features) - self._shift(features))

    def _estimate(self, texts: Tensor, images: Tensor) -> dict[str, Tensor]:
        """Both means, each ``(D,)`` float64."""
        return {"text_mean": stream_mean(texts, name="text"), "image_mean": stream_mean(images, name="image")}

    def _shift(self, features: Tensor) -> Tensor:
        """``lambda d`` as ``(D,)``, in the dtype and on the device of the features."""
        d = self._fitted("image_mean", features) - self._fitted("text_mean", features)
        return (self.config.step * d).to(features)
