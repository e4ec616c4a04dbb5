"""Is a new system no worse than an old one? A one-sided paired test.

Shapes: N examples, k statistics an example, R resamples, C examples whose statistics differ.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from zsbench.errors import ScoringError
from zsbench.interfaces.metric import Metric
from zsbench.statistics.bootstrap import RESAMPLES, Clusters, resample_sums, sort_rows, sum_clusters

__all__ = [
    "Measured",
    "NonInferiority",
    "noninferiority",
    "noninferiority_all",
]

Measured: TypeAlias = tuple[Metric, NDArray[np.float64], NDArray[np.float64]]
"""A metric with the statistics of the new and of the old system."""

Pair: TypeAlias = tuple[NDArray[np.float64], NDArray[np.float64]]

_INTERVAL_RESAMPLES = 2_000
_ROUNDING = 1e-12
_CHUNK_CELLS = 2_000_000


@dataclass(frozen=True, kw_only=True)
class NonInferiority:
    """The new system's score less the old one's, and how sure it is.

    Attributes:
        difference: On all examples; negative if the new system is worse.
        standard_error: Standard deviation over bootstrap resamples.
        lower: One-sided lower bound at ``1 - level``.
        upper: One-sided upper bound at ``1 - level``.
        p_value: One-sided, that a drop as large arises between systems that are equal.
        level: Of the bounds.
        changed: C, how many examples have other statistics.
        n: N.
    """

    difference: float
    standard_error: float
    lower: float
    upper: float
    p_value: float
    level: float
    changed: int
    n: int


def noninferiority(
    metric: Metric,
    new: NDArray[np.float64],
    old: NDArray[np.float64],
    *,
    level: float = 0.05,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> NonInferiority:
    """Test a drop from the old system to the new one on the same examples.

    The p-value is (c + 1) / (R + 1), c the number of random exchanges of the two systems' rows, each example by a
    fair coin, that give a difference as low as the measured one. It is exact for systems that are equal, however few
    examples changed. Bounds and standard error are of the paired bootstrap.

    Args:
        metric: Any metric.
        new: ``(N, k)`` statistics of the new system.
        old: ``(N, k)`` statistics of the old system, row by row for the same examples.
        level: Of the one-sided bounds.
        resamples: R, random exchanges.
        seed: Of exchanges and resamples.

    Raises:
        ScoringError: The two do not have as many examples or statistics, or there are no examples.

    Source:
        Riezler and Maxwell 2005, section 3 (randomisation); Koehn 2004, section 4 (paired bootstrap).
    """
    return noninferiority_all([(metric, new, old)], level=level, resamples=resamples, seed=seed)[0]


def noninferiority_all(
    measured: Sequence[Measured],
    *,
    level: float = 0.05,
    resamples: int = RESAMPLES,
    seed: int = 0,
    clusters: Clusters | None = None,
) -> list[NonInferiority]:
    """Tests of several metrics of the same N examples; coins and resamples are drawn once for all.

    Args:
        measured: Metrics, each with its ``(N, k)`` statistics of the new and of the old system.
        level: Of the one-sided bounds.
        resamples: R, random exchanges.
        seed: Of exchanges and resamples.
        clusters: ``(N,)`` what each example belongs to, such as its image, where examples are exchanged and drawn by
            the cluster.

    Raises:
        ScoringError: Statistics cannot be paired.
    """
    if not measured:
        return []
    for _, new, old in measured:
        _check_shapes(new, old)
    sides = _Sides.of(measured, clusters)
    differences, spreads = sides.differences(), sides.resampled(seed)
    extreme = sides.count_extreme(differences, resamples, seed)
    return [
        NonInferiority(
            difference=difference,
            standard_error=float(np.std(spread, ddof=1)),
            lower=float(np.quantile(spread, level)),
            upper=float(np.quantile(spread, 1 - level)),
            p_value=math.nan if math.isnan(difference) else (count + 1) / (resamples + 1),
            level=level,
            changed=int(np.count_nonzero(np.any(new != old, axis=1))),
            n=len(new),
        )
        for difference, spread, count, (_, new, old) in zip(differences, spreads, extreme, measured, strict=True)
    ]


@dataclass(frozen=True, eq=False)
class _Sides:
    """Both systems under every metric, a row an example or a cluster of them, in an order of their own.

    Attributes:
        metrics: M metrics.
        rows: ``(G, K)`` statistics of new and old of each metric, side by side.
        sizes: ``(G,)`` examples a row.
        widths: Columns of each side of each metric, ``2 M`` numbers.
    """

    metrics: Sequence[Metric]
    rows: NDArray[np.float64]
    sizes: NDArray[np.float64]
    widths: Sequence[int]

    @classmethod
    def of(cls, measured: Sequence[Measured], clusters: Clusters | None) -> _Sides:
        """The sides of all metrics."""
        blocks = [part for _, new, old in measured for part in (new, old)]
        summed = sort_rows(sum_clusters(np.hstack(blocks), clusters))
        widths = [block.shape[1] for block in blocks]
        return cls([metric for metric, _, _ in measured], summed[:, :-1], summed[:, -1], widths)

    def split(self, rows: NDArray[np.float64]) -> list[Pair]:
        """New and old of each metric from all side by side."""
        parts = np.split(rows, np.cumsum(self.widths)[:-1], axis=1)
        return list(zip(parts[::2], parts[1::2], strict=True))

    def differences(self) -> list[float]:
        """The difference of each metric."""
        total = self.rows.sum(axis=0, keepdims=True)
        return [float(value[0]) for value in self._compare(total, self.sizes.sum(keepdims=True))]

    def resampled(self, seed: int) -> list[NDArray[np.float64]]:
        """``(R,)`` differences of bootstrap resamples, of each metric."""
        drawn = resample_sums(np.column_stack([self.rows, self.sizes]), resamples=_INTERVAL_RESAMPLES, seed=seed)
        return self._compare(drawn[:, :-1], drawn[:, -1])

    def count_extreme(self, differences: Sequence[float], resamples: int, seed: int) -> list[int]:
        """How many random exchanges give a difference as low, of each metric; only changed rows need a coin."""
        exchange = np.hstack([part for new, old in self.split(self.rows) for part in (old - new, new - old)])
        changed = np.flatnonzero(np.any(exchange != 0, axis=1))
        total, size = self.rows.sum(axis=0), self.sizes.sum(keepdims=True)
        counts = [0] * len(self.metrics)
        for coins in _iter_coins(len(changed), resamples, seed):
            found = self._compare(total + coins @ exchange[changed], size)
            for place, (values, difference) in enumerate(zip(found, differences, strict=True)):
                counts[place] += int(np.count_nonzero(values <= difference + _ROUNDING))
        return counts

    def _compare(self, sums: NDArray[np.float64], sizes: NDArray[np.float64]) -> list[NDArray[np.float64]]:
        """``(R,)`` differences of each metric, from ``(R, K)`` sums of ``(R,)`` or ``(1,)`` examples."""
        pairs = zip(self.metrics, self.split(sums), strict=True)
        return [metric.aggregate_sums(new, sizes) - metric.aggregate_sums(old, sizes) for metric, (new, old) in pairs]


def _iter_coins(count: int, resamples: int, seed: int) -> Iterator[NDArray[np.float64]]:
    """Fair coins, chunks ``(r, count)`` of 0 and 1, ``resamples`` rows in all."""
    generator = np.random.default_rng(seed)
    rows = max(1, _CHUNK_CELLS // max(1, count))
    for start in range(0, resamples, rows):
        size = (min(rows, resamples - start), count)
        yield generator.integers(0, 2, size=size, dtype=np.int8).astype(np.float64)


def _check_shapes(new: NDArray[np.float64], old: NDArray[np.float64]) -> None:
    """Refuse statistics that cannot belong to the same examples."""
    if new.shape != old.shape or not len(new):
        raise ScoringError(
            f"The systems have statistics of shapes {new.shape} and {old.shape}.",
            "A paired test expects the same examples and the same metric.",
            "Score both systems on the same task and the same ids.",
        )
