"""Estimates with intervals: the bootstrap over images, whose captions stay together.

Shapes: I images, k statistics an image, R resamples.
"""

from __future__ import annotations

import functools
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
    count = len(sums)
    values = [function(block.astype(np.float64) @ sums / count) for block in _weights(count, seed)]
    low, high = np.percentile(np.concatenate(values), LEVELS)
    return Estimate(float(function(sums.mean(0, keepdims=True))[0]), float(low), float(high))


@functools.lru_cache(maxsize=2)
def _weights(count: int, seed: int) -> tuple[NDArray[np.uint8], ...]:
    """How often each image is drawn in each resample, ``(BLOCK, I)`` a block: the same for every estimate."""
    generator, even = np.random.default_rng(seed), np.full(count, 1.0 / count)
    return tuple(generator.multinomial(count, even, size=BLOCK).astype(np.uint8) for _ in range(RESAMPLES // BLOCK))


def estimate_mean(values: Array, *, seed: int = 0) -> Estimate:
    """The mean of one value an image, with its interval."""
    return estimate(values[:, None], lambda means: means[:, 0], seed=seed)
