"""Paired comparisons of two systems on the same examples: the bootstrap and approximate randomisation.

Shapes: N examples, k statistics an example, G clusters of examples, R resamples.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from zsbench.errors import ScoringError
from zsbench.interfaces.metric import Metric
from zsbench.statistics.bootstrap import (
    CONFIDENCE,
    RESAMPLES,
    Clusters,
    percentile_interval,
    resample_blocks,
    sort_rows,
    sum_clusters,
)

__all__ = ["Pair", "PairedDifference", "paired_difference", "paired_differences", "randomization_tests"]

_ROUNDING = 1e-12
_CHUNK_CELLS = 2_000_000


@dataclass(frozen=True, eq=False)
class Pair:
    """One metric of two systems on the same examples.

    Attributes:
        metric: Any metric.
        own: ``(N, k)`` statistics of system a, one array a seed.
        other: ``(N, k)`` statistics of system b, row by row for the same examples, one array a seed.
    """

    metric: Metric
    own: Sequence[NDArray[np.float64]]
    other: Sequence[NDArray[np.float64]]

    def __post_init__(self) -> None:
        """Refuse statistics that cannot belong to the same examples.

        Raises:
            ScoringError: The arrays differ in shape.
        """
        shapes = sorted({rows.shape for rows in (*self.own, *self.other)})
        if len(shapes) != 1:
            raise ScoringError(
                f"The systems have statistics of shapes {' and '.join(map(str, shapes)) or 'none'}.",
                "A paired comparison expects the same examples and the same metric.",
                "Score both systems on the same task and the same ids.",
            )

    @cached_property
    def difference(self) -> float:
        """The mean score of a's seeds less that of b's, whatever the order of examples."""
        own, other = ([self.metric.aggregate(sort_rows(rows)) for rows in side] for side in (self.own, self.other))
        return float(np.mean(own) - np.mean(other))


@dataclass(frozen=True)
class PairedDifference:
    """The score of system a less the score of system b.

    Attributes:
        difference: On all examples.
        standard_error: Standard deviation over resamples.
        low: Lower end of the percentile interval.
        high: Upper end.
        p_value: Two-sided, that a difference as large arises between systems that are equal.
        confidence: Share of resamples within the interval.
    """

    difference: float
    standard_error: float
    low: float
    high: float
    p_value: float
    confidence: float = CONFIDENCE


def paired_difference(
    metric: Metric,
    statistics_a: NDArray[np.float64],
    statistics_b: NDArray[np.float64],
    *,
    resamples: int = RESAMPLES,
    seed: int = 0,
    clusters: Clusters | None = None,
) -> PairedDifference:
    """How much better system a is than system b, and whether the difference is real.

    The p-value is (c + 1) / (R + 1), c the number of resampled differences at least as far from their mean as the
    measured difference is from 0.

    Args:
        metric: Any metric.
        statistics_a: ``(N, k)`` statistics of system a.
        statistics_b: ``(N, k)`` statistics of system b, row by row for the same examples.
        resamples: How many times N examples are drawn with replacement.
        seed: Seed of the draws.
        clusters: ``(N,)`` what each example belongs to, where examples are drawn by the cluster.

    Raises:
        ScoringError: The two do not have as many examples or statistics.

    Source:
        Koehn 2004, section 4; centred as in Riezler and Maxwell 2005, section 3.
    """
    pair = Pair(metric, (statistics_a,), (statistics_b,))
    return paired_differences([pair], resamples=resamples, seed=seed, clusters=clusters)[0]


def paired_differences(
    pairs: Sequence[Pair], *, resamples: int = RESAMPLES, seed: int = 0, clusters: Clusters | None = None
) -> list[PairedDifference]:
    """``paired_difference`` of several metrics of the same N examples, which are drawn once for all.

    Where a system has several seeds, its score is their mean and all of them see the same resamples: the interval
    tells of other examples, not of other seeds.
    """
    blocks = [sum_clusters(np.hstack([*pair.own, *pair.other]), clusters) for pair in pairs]
    parts = resample_blocks(blocks, resamples=resamples, seed=seed)
    return [_describe(pair, part) for pair, part in zip(pairs, parts, strict=True)]


def randomization_tests(
    pairs: Sequence[Pair], *, resamples: int = RESAMPLES, seed: int = 0, clusters: Clusters | None = None
) -> list[float]:
    """Two-sided p-values by approximate randomisation, one a pair; examples are exchanged once for all pairs.

    In each of R resamples the outputs of the systems are exchanged for about half of the examples (or clusters), the
    i-th seed of one with the i-th of the other. The p-value is (c + 1) / (R + 1), c the number of differences at least
    as large as the measured one. It is NaN where the systems differ in their number of seeds, or a score is NaN.

    Source:
        Noreen 1989, section 2; Riezler and Maxwell 2005, section 3.
    """
    usable = [pair for pair in pairs if len(pair.own) == len(pair.other) and not np.isnan(pair.difference)]
    gains = [_sorted_gains(pair, clusters) for pair in usable]
    moved = _exchange(gains, resamples, seed)
    found = {id(pair): _randomization_p(pair, sums) for pair, sums in zip(usable, moved, strict=True)}
    return [found.get(id(pair), float("nan")) for pair in pairs]


def _describe(pair: Pair, sums: NDArray[np.float64]) -> PairedDifference:
    """The difference of one pair from the resampled sums of all its arrays, the last being numbers of examples."""
    width = pair.own[0].shape[1]
    scores = [
        pair.metric.aggregate_sums(sums[:, start : start + width], sums[:, -1])
        for start in range(0, sums.shape[1] - 1, width)
    ]
    seeds = len(pair.own)
    resampled = np.asarray(np.mean(scores[:seeds], axis=0) - np.mean(scores[seeds:], axis=0), dtype=np.float64)
    low, high = percentile_interval(resampled)
    difference = pair.difference
    return PairedDifference(difference, float(np.std(resampled, ddof=1)), low, high, _p_value(difference, resampled))


def _sorted_gains(pair: Pair, clusters: Clusters | None) -> NDArray[np.float64]:
    """``(G, S k)`` what system a has more than b in each cluster, clusters that gain nothing left out, sorted."""
    gains = sum_clusters(np.hstack(pair.own) - np.hstack(pair.other), clusters)[:, :-1]
    gains = gains[np.any(gains != 0, axis=1)]
    return gains[np.lexsort(gains.T[::-1])]


def _exchange(gains: Sequence[NDArray[np.float64]], resamples: int, seed: int) -> list[NDArray[np.float64]]:
    """``(R, S k)`` for each block: the sum of the rows that are exchanged in each resample."""
    blocks = [np.empty((resamples, block.shape[1])) for block in gains]
    longest = max((len(block) for block in gains), default=0)
    start = 0
    for kept in _iter_coins(longest, resamples, seed):
        for block, out in zip(gains, blocks, strict=True):
            out[start : start + len(kept)] = kept[:, : len(block)] @ block
        start += len(kept)
    return blocks


def _iter_coins(count: int, resamples: int, seed: int) -> Iterator[NDArray[np.float64]]:
    """Chunks of ``(r, count)`` zeros and ones, each with probability a half; ``resamples`` rows in all."""
    generator = np.random.default_rng(seed)
    width = (count + 7) // 8
    rows = max(1, _CHUNK_CELLS // max(count, 1))
    for start in range(0, resamples, rows):
        number = min(rows, resamples - start)
        drawn = generator.integers(0, 256, size=(number, width), dtype=np.uint8)
        yield np.unpackbits(drawn, axis=1, count=count).astype(np.float64)


def _randomization_p(pair: Pair, exchanged: NDArray[np.float64]) -> float:
    """The p-value of one pair from the summed gains of the exchanged rows."""
    width, count, seeds = pair.own[0].shape[1], len(pair.own[0]), len(pair.own)
    differences = np.zeros(len(exchanged))
    for place, (own, other) in enumerate(zip(pair.own, pair.other, strict=True)):
        moved = exchanged[:, place * width : (place + 1) * width]
        mine, theirs = own.sum(axis=0) - moved, other.sum(axis=0) + moved
        differences += pair.metric.aggregate_sums(mine, count) - pair.metric.aggregate_sums(theirs, count)
    extreme = int(np.count_nonzero(np.abs(differences / seeds) >= abs(pair.difference) - _ROUNDING))
    return (extreme + 1) / (len(exchanged) + 1)


def _p_value(difference: float, resampled: NDArray[np.float64]) -> float:
    """Two-sided p-value of the centred bootstrap; NaN if the difference is."""
    if np.isnan(difference):
        return float("nan")
    centred = np.abs(resampled - resampled.mean())
    extreme = int(np.count_nonzero(centred >= abs(difference) - _ROUNDING))
    return (extreme + 1) / (len(resampled) + 1)
