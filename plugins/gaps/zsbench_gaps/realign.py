"""Anchor, trace and centroid: texts are moved, scaled and centred so that they spread as the images do."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from zsbench.errors import FeatureError
from zsbench.interfaces.gap import GapRequirement
from zsbench.interfaces.records import Frozen
from zsbench_gaps.features import normalise
from zsbench_gaps.fitted import FittedGapModel
from zsbench_gaps.streaming import stream_mean

if TYPE_CHECKING:
    from torch import Generator, Tensor

__all__ = ["ReAlign", "ReAlignConfig"]

SMALLEST_TRACE = 1e-12


class ReAlignConfig(Frozen):
    """There is nothing to set."""


class ReAlign(FittedGapModel):
    """Three steps for texts: ``a = normalise(mu_v + s (t - mu_t))``, ``t' = normalise(a - mean(a) + mu_v)``.

    ``s = sqrt(E|v - mu_v|^2 / E|t - mu_t|^2)`` is the ratio of the traces; ``mean(a)`` is over the texts of the fit,
    because normalising moves the centroid again. Images: ``v' = normalise(v)``.
    Unit: none; nothing is to be set.
    Fit: unpaired sets of text and of image features; three passes over the texts, two over the images, float64.
    Norm of the output: 1. The generator is not used.
    Source: ReAlign of ReVision (arXiv 2602.07026); the last normalisation is in the public code, not in its formula.
    """

    requires: ClassVar[GapRequirement] = "unpaired"
    state_names: ClassVar[tuple[str, ...]] = ("text_mean", "image_mean", "scale", "aligned_mean")

    def __init__(self, config: ReAlignConfig) -> None:
        super().__init__()
        self.config = config

    def text_to_image(self, features: Tensor, generator: Generator) -> Tensor:
        """``(N, D)`` or ``(N, K, D)`` -> aligned, of the same shape, at unit norm."""
        mu_t, mu_v, s, mean_a = (self._fitted(name, features).to(features) for name in self.state_names)
        return normalise(normalise(mu_v + s * (features - mu_t)) - mean_a + mu_v)

    def image_to_text(self, features: Tensor, generator: Generator) -> Tensor:
        """``(N, D)`` or ``(N, K, D)``, of any norm -> the same at unit norm."""
        return normalise(features)

    def _estimate(self, texts: Tensor, images: Tensor) -> dict[str, Tensor]:
        """Both means and the aligned texts' as ``(D,)``, the scale as a scalar, float64.

        Raises:
            FeatureError: The texts do not vary.
        """
        mu_t, mu_v = stream_mean(texts, name="text"), stream_mean(images, name="image")
        trace_t = stream_mean(texts, name="text", change=lambda t: (t - mu_t).square().sum(-1))
        trace_v = stream_mean(images, name="image", change=lambda v: (v - mu_v).square().sum(-1))
        if float(trace_t) < SMALLEST_TRACE:
            raise FeatureError(
                f"The {len(texts)} texts of the fit have one and the same feature.",
                "The fit divides by their variance.",
                "Give different texts.",
            )
        s = (trace_v / trace_t).sqrt()
        mean_a = stream_mean(texts, name="text", change=lambda t: normalise(mu_v + s * (t - mu_t)))
        return {"text_mean": mu_t, "image_mean": mu_v, "scale": s, "aligned_mean": mean_a}
