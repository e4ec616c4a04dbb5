"""CLIPScore and RefCLIPScore from features of a scoring encoder.

Shapes: N images, D joint width.

Source: Hessel et al., EMNLP 2021, arXiv 2104.08718, section 3.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from zsbench.interfaces.metric import CaptionFeatures, SimilarityMetric

__all__ = ["ClipScore", "RefClipScore", "clip_score", "ref_clip_score"]

PROMPT = "A photo depicts "
WEIGHT = 2.5


class ClipScore(SimilarityMetric):
    """2.5 times the cosine of image and caption, not below zero; the mean over images."""

    @property
    def id(self) -> str:
        """``clip-score``."""
        return "clip-score"

    @property
    def title(self) -> str:
        """``CLIPScore``."""
        return "CLIPScore"

    @property
    def prompt(self) -> str:
        """What stands before every caption."""
        return PROMPT

    def similarity_statistics(self, features: CaptionFeatures) -> NDArray[np.float64]:
        """``(N, 1)`` scores of the images."""
        return _score_captions(features)[:, None]

    def aggregate_sums(self, sums: NDArray[np.float64], count: int | NDArray[np.float64]) -> NDArray[np.float64]:
        """The mean, ``(R,)``."""
        return np.asarray(sums[:, 0] / count, dtype=np.float64)


class RefClipScore(ClipScore):
    """The harmonic mean of CLIPScore and the best cosine of caption and reference, not below zero."""

    @property
    def id(self) -> str:
        """``ref-clip-score``."""
        return "ref-clip-score"

    @property
    def title(self) -> str:
        """``RefCLIPScore``."""
        return "RefCLIPScore"

    def similarity_statistics(self, features: CaptionFeatures) -> NDArray[np.float64]:
        """``(N, 1)`` scores of the images."""
        own = _score_captions(features)
        pairs = zip(features.captions, features.references, strict=True)
        best = np.array([max(0.0, float((references @ caption).max())) for caption, references in pairs])
        total = own + best
        means: NDArray[np.float64] = np.divide(2 * own * best, total, out=np.zeros_like(total), where=total > 0)
        return means[:, None]


def _score_captions(features: CaptionFeatures) -> NDArray[np.float64]:
    """``(N,)`` CLIPScores."""
    cosines = np.einsum("nd,nd->n", features.images, features.captions)
    return np.asarray(WEIGHT * np.maximum(cosines, 0.0), dtype=np.float64)


def clip_score() -> ClipScore:
    """CLIPScore."""
    return ClipScore()


def ref_clip_score() -> RefClipScore:
    """RefCLIPScore."""
    return RefClipScore()
