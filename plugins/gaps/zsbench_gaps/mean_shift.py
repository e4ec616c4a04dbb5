"""The difference of the two modalities' means: the gap as one constant vector."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from zsbench.errors import FeatureError
from zsbench.interfaces.gap import GapModel, GapRequirement
from zsbench.interfaces.records import Frozen
from zsbench_gaps.features import iter_blocks, normalise

if TYPE_CHECKING:
    from torch import Generator, Tensor

__all__ = ["MeanShift", "MeanShiftConfig"]


class MeanShiftConfig(Frozen):
    """How far to go."""

    step: float = Field(
        default=1.0,
        description="lambda, share of the distance between the means; 1 goes all the way (Liang et al.)",
    )


class MeanShift(GapModel):
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

    def __init__(self, config: MeanShiftConfig) -> None:
        self.config = config
        self._text_mean: Tensor | None = None
        self._image_mean: Tensor | None = None

    def fit(self, *, texts: Tensor | None = None, images: Tensor | None = None) -> None:
        """Estimate both means from ``(N, D)`` texts and ``(M, D)`` images, in any order and number.

        Raises:
            FeatureError: One of them is missing, empty, of another width, not finite or not unit norm.
        """
        text_mean, image_mean = _mean(texts, name="text"), _mean(images, name="image")
        _check_width(image_mean, len(text_mean), name="image")
        self._text_mean, self._image_mean = text_mean, image_mean

    def text_to_image(self, features: Tensor, generator: Generator) -> Tensor:
        """``(N, D)`` or ``(N, K, D)`` -> the same, ``step`` nearer to the images, at unit norm."""
        return normalise(features + self._shift(features))

    def image_to_text(self, features: Tensor, generator: Generator) -> Tensor:
        """``(N, D)`` or ``(N, K, D)``, of any norm -> the same, ``step`` nearer to the texts, at unit norm."""
        return normalise(normalise(features) - self._shift(features))

    def state(self) -> dict[str, Tensor]:
        """``text_mean`` and ``image_mean``, each ``(D,)`` float64; empty before the fit."""
        if self._text_mean is None or self._image_mean is None:
            return {}
        return {"text_mean": self._text_mean, "image_mean": self._image_mean}

    def load_state(self, state: Mapping[str, Tensor]) -> None:
        """Take over what ``state`` gave.

        Raises:
            FeatureError: A mean is missing, or they differ in width.
        """
        if missing := {"text_mean", "image_mean"} - set(state):
            raise FeatureError(f"The state lacks {sorted(missing)}.", "It holds both means.", _REFIT)
        _check_width(state["image_mean"], len(state["text_mean"]), name="image")
        self._text_mean, self._image_mean = state["text_mean"].double(), state["image_mean"].double()

    def _shift(self, features: Tensor) -> Tensor:
        """``lambda d`` as ``(D,)``, in the dtype and on the device of the features."""
        if self._text_mean is None or self._image_mean is None:
            raise FeatureError("The gap model mean-shift has no state.", "It is fitted before it is used.", _REFIT)
        _check_width(features, len(self._text_mean), name="given")
        return (self.config.step * (self._image_mean - self._text_mean)).to(features)


def _mean(features: Tensor | None, *, name: str) -> Tensor:
    """The mean of ``(N, D)`` features as ``(D,)`` float64, without holding a float64 copy of them all."""
    if features is None:
        raise FeatureError(f"There are no {name} features.", "The fit needs texts and images.", _REFIT)
    sums = [block.sum(0) for block in iter_blocks(features, name=name)]
    total = sums[0]
    for part in sums[1:]:
        total = total + part
    return total / len(features)


def _check_width(features: Tensor, width: int, *, name: str) -> None:
    """Refuse features of another width than the texts of the fit."""
    if features.shape[-1] != width:
        raise FeatureError(
            f"The {name} features are {features.shape[-1]} wide.",
            f"The text features of the fit are {width} wide.",
            "Use one encoder for texts and images.",
        )


_REFIT = "Fit it with features of both modalities: `zsbench run` does so from the task's images and the text corpus."
