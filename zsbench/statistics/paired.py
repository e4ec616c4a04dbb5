"""The paired bootstrap: two systems on the same resamples of the same examples.

Alphabet: N examples, k statistics an example, R resamples.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from zsbench.errors import ScoringError
from zsbench.interfaces.metric import Metric
from zsbench.statistics.bootstrap import CONFIDENCE, RESAMPLES, percentile_interval, resample_sums, sort_rows

__all__ = ["PairedDifference", "paired_difference"]

_ROUNDING = 1e-12


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

    Raises:
        ScoringError: The two do not have as many examples or statistics.

    Source:
        Koehn 2004, section 4; centred as in Riezler and Maxwell 2005, section 3.
    """
    _check_shapes(statistics_a, statistics_b)
    rows = sort_rows(np.hstack([statistics_a, statistics_b]))
    own, other = np.hsplit(rows, 2)
    sums = resample_sums(rows, resamples=resamples, seed=seed)
    resampled = _difference(metric, sums, len(rows))
    difference = metric.aggregate(np.ascontiguousarray(own)) - metric.aggregate(np.ascontiguousarray(other))
    low, high = percentile_interval(resampled)
    return PairedDifference(difference, float(np.std(resampled, ddof=1)), low, high, _p_value(difference, resampled))


def _difference(metric: Metric, sums: NDArray[np.float64], count: int) -> NDArray[np.float64]:
    """``(R,)`` differences from the sums of both systems side by side."""
    own, other = np.hsplit(sums, 2)
    return metric.aggregate_sums(own, count) - metric.aggregate_sums(other, count)


def _p_value(difference: float, resampled: NDArray[np.float64]) -> float:
    """Two-sided p-value; NaN if the difference is."""
    if np.isnan(difference):
        return float("nan")
    centred = np.abs(resampled - resampled.mean())
    extreme = int(np.count_nonzero(centred >= abs(difference) - _ROUNDING))
    return (extreme + 1) / (len(resampled) + 1)


def _check_shapes(first: NDArray[np.float64], second: NDArray[np.float64]) -> None:
    """Refuse statistics that cannot belong to the same examples."""
    if first.shape != second.shape:
        raise ScoringError(
            f"The systems have statistics of shapes {first.shape} and {second.shape}.",
            "A paired comparison expects the same examples and the same metric.",
            "Score both systems on the same task and the same ids.",
        )
