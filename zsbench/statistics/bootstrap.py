"""The bootstrap of any metric: a matrix product of resample weights and per-example statistics.

Shapes: N examples, k statistics an example, R resamples.

Rows are brought into an order of their own before they are resampled, so that results do not depend on the order in
which examples were scored. The same seed and the same N give the same weights for every metric.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from zsbench.interfaces.metric import Metric

__all__ = [
    "CONFIDENCE",
    "RESAMPLES",
    "Clusters",
    "Interval",
    "bootstrap",
    "bootstrap_all",
    "cluster_codes",
    "iter_weights",
    "percentile_interval",
    "resample_blocks",
    "resample_sums",
    "sort_rows",
    "sum_clusters",
]

Clusters: TypeAlias = NDArray[np.int64]
"""What each example belongs to, such as the image of a question."""

RESAMPLES = 10_000
CONFIDENCE = 0.95
_CHUNK_CELLS = 500_000
_FEW_DISTINCT = 200
"""So many distinct rows, and no more, are drawn by their counts."""


@dataclass(frozen=True)
class Interval:
    """A score and how sure it is.

    Attributes:
        score: The metric of all examples.
        standard_error: Standard deviation over resamples.
        low: Lower end of the percentile interval.
        high: Upper end.
        confidence: Share of resamples within the interval.
    """

    score: float
    standard_error: float
    low: float
    high: float
    confidence: float = CONFIDENCE


def bootstrap(
    metric: Metric,
    statistics: NDArray[np.float64],
    *,
    resamples: int = RESAMPLES,
    seed: int = 0,
    clusters: Clusters | None = None,
) -> Interval:
    """Standard error and 95 % percentile interval of a metric.

    Args:
        metric: Any metric.
        statistics: ``(N, k)`` statistics of the examples.
        resamples: How many times N examples are drawn with replacement.
        seed: Seed of the draws.
        clusters: ``(N,)`` what each example belongs to, such as its image, where examples are drawn by the cluster.
    """
    return bootstrap_all([(metric, statistics)], resamples=resamples, seed=seed, clusters=clusters)[0]


def bootstrap_all(
    measured: Sequence[tuple[Metric, NDArray[np.float64]]],
    *,
    resamples: int = RESAMPLES,
    seed: int = 0,
    clusters: Clusters | None = None,
) -> list[Interval]:
    """Standard errors and intervals of several metrics of the same N examples; the examples are drawn once for all.

    Args:
        measured: Metrics, each with its ``(N, k)`` statistics.
        resamples: How many times N examples are drawn with replacement.
        seed: Seed of the draws.
        clusters: ``(N,)`` what each example belongs to, where examples are drawn by the cluster.
    """
    blocks = [sum_clusters(statistics, clusters) for _, statistics in measured]
    parts = resample_blocks(blocks, resamples=resamples, seed=seed)
    return [_interval(metric, rows, part) for (metric, rows), part in zip(measured, parts, strict=True)]


def sum_clusters(statistics: NDArray[np.float64], clusters: Clusters | None) -> NDArray[np.float64]:
    """``(G, k + 1)`` sums of the rows of each cluster, and how many there are; without clusters every row is one.

    Source:
        Cameron, Gelbach and Miller 2008, section 2: the pairs cluster bootstrap.
    """
    counted = np.column_stack([statistics, np.ones(len(statistics))])
    if clusters is None:
        return counted
    names, codes = np.unique(clusters, return_inverse=True)
    sums = np.zeros((len(names), counted.shape[1]))
    np.add.at(sums, codes, counted)
    return sums


def cluster_codes(ids: Sequence[str], clusters: Mapping[str, str]) -> Clusters | None:
    """``(N,)`` a number for what each example belongs to; None where no two belong together.

    Args:
        ids: The examples.
        clusters: What each belongs to, by id; an example that is not there stands alone.
    """
    numbers: dict[tuple[bool, str], int] = {}
    codes = [numbers.setdefault((id_ in clusters, clusters.get(id_, id_)), len(numbers)) for id_ in ids]
    return None if len(numbers) == len(ids) else np.array(codes, dtype=np.int64)


def resample_blocks(
    blocks: Sequence[NDArray[np.float64]], *, resamples: int = RESAMPLES, seed: int = 0
) -> list[NDArray[np.float64]]:
    """``(R, k_i)`` resampled column sums of several blocks ``(N, k_i)`` of rows, drawn once for all.

    Each block is brought into an order of its own, so that what comes out for it depends on nothing but itself.
    """
    if not blocks:
        return []
    joined = np.hstack([sort_rows(block) for block in blocks])
    sums = resample_sums(joined, resamples=resamples, seed=seed)
    ends = np.cumsum([block.shape[1] for block in blocks])
    return np.split(sums, ends[:-1], axis=1)


def _interval(metric: Metric, statistics: NDArray[np.float64], sums: NDArray[np.float64]) -> Interval:
    """The interval of one metric from its resampled sums, the last of which are numbers of examples."""
    scores = metric.aggregate_sums(sums[:, :-1], sums[:, -1])
    low, high = percentile_interval(scores)
    return Interval(metric.aggregate(statistics), float(np.std(scores, ddof=1)), low, high)


def percentile_interval(values: NDArray[np.float64], *, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """The middle share ``confidence`` of the values."""
    tail = (1 - confidence) / 2
    low, high = np.quantile(values, [tail, 1 - tail])
    return float(low), float(high)


def sort_rows(statistics: NDArray[np.float64]) -> NDArray[np.float64]:
    """The rows in ascending order, first column first: the same for any order of examples."""
    return statistics[np.lexsort(statistics.T[::-1])]


def resample_sums(statistics: NDArray[np.float64], *, resamples: int = RESAMPLES, seed: int = 0) -> NDArray[np.float64]:
    """``(R, k)`` column sums of resampled rows, which are sorted.

    Where few rows are distinct, as with accuracies, how often each is drawn is drawn instead: the same distribution.
    """
    starts = np.flatnonzero(np.r_[True, np.any(statistics[1:] != statistics[:-1], axis=1)])
    if len(starts) <= _FEW_DISTINCT < len(statistics):
        counts = np.diff(np.r_[starts, len(statistics)])
        drawn = np.random.default_rng(seed).multinomial(len(statistics), counts / len(statistics), size=resamples)
        return np.asarray(drawn @ statistics[starts], dtype=np.float64)
    return np.vstack(
        [weights @ statistics for weights in iter_weights(len(statistics), resamples=resamples, seed=seed)]
    )


def iter_weights(count: int, *, resamples: int = RESAMPLES, seed: int = 0) -> Iterator[NDArray[np.float64]]:
    """How often each of ``count`` examples is drawn in each resample: chunks ``(r, count)``, ``resamples`` rows in all.

    Every row is one multinomial draw of ``count`` examples with equal probabilities.
    """
    generator = np.random.default_rng(seed)
    rows = max(1, _CHUNK_CELLS // count)
    for start in range(0, resamples, rows):
        yield _draw(generator, min(rows, resamples - start), count)


def _draw(generator: np.random.Generator, rows: int, count: int) -> NDArray[np.float64]:
    """``(rows, count)`` weights; each row sums to ``count``."""
    drawn = generator.integers(0, count, size=(rows, count), dtype=np.int32)
    weights = np.empty((rows, count))
    for row in range(rows):
        weights[row] = np.bincount(drawn[row], minlength=count)
    return weights
