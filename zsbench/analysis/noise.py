"""How much noise? What texts alone suggest, what pairs would say, and what a sweep found best.

Shapes: I images, N captions, D joint width. Every estimate is a variance in each dimension, the unit of
``gaussian``'s ``noise_variance``.

[1] Nukrai et al. 2022, *CapDec*, arXiv 2211.00575: the noise is chosen from the captions of a few images.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from zsbench.analysis.difference import Difference
from zsbench.analysis.intervals import Estimate, estimate
from zsbench.analysis.pairs import Pairs
from zsbench.errors import ScoringError
from zsbench.tables.sweeps import Curve, Point

__all__ = ["Choice", "NoiseEstimate", "compare_with_sweep", "estimate_noise"]

Array = NDArray[np.float64]


@dataclass(frozen=True)
class NoiseEstimate:
    """A variance in each dimension, and where it comes from.

    Attributes:
        name: Short.
        variance: With its interval over images.
        formula: How it is computed.
        uses: The data it looks at.
        text_only: Whether a text-only captioner may use it.
    """

    name: str
    variance: Estimate
    formula: str
    uses: str
    text_only: bool


@dataclass(frozen=True)
class Choice:
    """What choosing by an estimate costs on a sweep.

    Attributes:
        name: Of the estimate.
        swept: The swept value nearest to it, on a logarithmic scale.
        point: The score there.
        best: The best score of the sweep, which nobody may choose by.
    """

    name: str
    swept: float
    point: Point
    best: Point


def estimate_noise(pairs: Pairs, difference: Difference) -> list[NoiseEstimate]:
    """Two estimates from captions that describe one image, and two from captions with their images.

    Raises:
        ScoringError: No image has two captions.
    """
    largest, squared = _distances(pairs)
    width = pairs.captions.shape[1]
    captions = f"captions of one image, {pairs.task}"
    both = f"captions AND images, {pairs.task}"
    return [
        NoiseEstimate(
            "captions-largest",
            estimate(largest, lambda m: np.square(m[:, 0])),
            "(mean of max_j |t_j - t'_j|)^2 over two captions of one image: CapDec's",
            captions,
            text_only=True,
        ),
        NoiseEstimate(
            "captions-mean",
            estimate(squared, lambda m: m[:, 0] / width),
            "E|t - t'|^2 / D over two captions of one image",
            captions,
            text_only=True,
        ),
        NoiseEstimate("pairs-around-mean", difference.noise_variance, "tr Cov(t - v) / D", both, text_only=False),
        NoiseEstimate("pairs", difference.noise_variance_with_mean, "E|t - v|^2 / D", both, text_only=False),
    ]


def compare_with_sweep(estimates: Sequence[NoiseEstimate], curve: Curve) -> list[Choice]:
    """The swept value that each estimate leads to, and the score there beside the best of the sweep."""
    positive = [point for point in curve.points if point.value > 0]
    best = max(curve.points, key=lambda point: point.score)
    choices = []
    for one in estimates:
        target = math.log(one.variance.value)
        nearest = min(positive, key=lambda point: abs(math.log(point.value) - target))
        choices.append(Choice(one.name, nearest.value, nearest, best))
    return choices


def _distances(pairs: Pairs) -> tuple[Array, Array]:
    """For each image with several captions: mean largest and mean squared distance of two of them, ``(I', 1)`` each."""
    largest, squared = [], []
    for rows in np.split(pairs.captions, np.flatnonzero(np.diff(pairs.owner)) + 1):
        d = np.array([a - b for a, b in itertools.combinations(rows, 2)])
        if len(d):
            largest.append(np.abs(d).max(1).mean())
            squared.append(np.square(d).sum(1).mean())
    if not largest:
        raise ScoringError(
            f"No image of {pairs.task} has two captions.",
            "The amount of noise is estimated from captions of one image.",
            "Name a task with several references an image.",
        )
    return np.array(largest)[:, None], np.array(squared)[:, None]
