"""Estimates with intervals: the bootstrap over images, whose captions stay together.

Alphabet: I images, k statistics an image, R resamples.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Estimate", "estimate", "estimate_mean"]

Array = NDArray[np.float64]
RESAMPLES = 2_000
BLOCK = 100
LEVELS = (2.5, 97.5)


@dataclass(frozen=True)
class Estimate:
    """A number and its 95 % percentile interval over resampled images."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        """``value [low, high]`` with four digits."""
        return f"{self.value:.4g} [{self.low:.4g}, {self.high:.4g}]"


def estimate(sums: Array, function: Callable[[Array], Array], *, seed: int = 0) -> Estimate:
    """A function of the mean statistics of images, with its interval.

    Args:
        sums: ``(I, k)`` statistics of each image.
        function: ``(n, k)`` means -> ``(n,)`` values, row by row.
        seed: Of the draws.
    """
    generator = np.random.default_rng(seed)
    count = len(sums)
    values = [
        function(generator.multinomial(count, np.full(count, 1.0 / count), size=BLOCK) @ sums / count)
        for _ in range(RESAMPLES // BLOCK)
    ]
    low, high = np.percentile(np.concatenate(values), LEVELS)
    return Estimate(float(function(sums.mean(0, keepdims=True))[0]), float(low), float(high))


def estimate_mean(values: Array, *, seed: int = 0) -> Estimate:
    """The mean of one value an image, with its interval."""
    return estimate(values[:, None], lambda means: means[:, 0], seed=seed)
