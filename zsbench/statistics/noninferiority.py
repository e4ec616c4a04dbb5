"""Is a new system no worse than an old one? A one-sided paired test, and what it could have seen.

Alphabet: N examples, k statistics an example, R resamples, C examples whose statistics differ.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from zsbench.errors import ScoringError
from zsbench.interfaces.metric import Metric
from zsbench.statistics.bootstrap import RESAMPLES, resample_sums, sort_rows

__all__ = ["POWER", "NonInferiority", "detectable_difference", "examples_needed", "noninferiority"]

POWER = 0.8
"""Share of samples in which a detectable difference is found."""

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
    _check_shapes(new, old)
    rows = sort_rows(np.hstack([new, old]))
    new, old = np.hsplit(rows, 2)
    changed = np.flatnonzero(np.any(new != old, axis=1))
    difference = metric.aggregate(np.ascontiguousarray(new)) - metric.aggregate(np.ascontiguousarray(old))
    spread = _resampled_differences(metric, rows, seed) if len(changed) else np.zeros(2)
    lower, upper = np.quantile(spread, [level, 1 - level])
    exchanged = _iter_exchanged(metric, new, old, changed, resamples, seed)
    extreme = sum(int(np.count_nonzero(part <= difference + _ROUNDING)) for part in exchanged)
    return NonInferiority(
        difference=difference,
        standard_error=float(np.std(spread, ddof=1)),
        lower=float(lower),
        upper=float(upper),
        p_value=math.nan if math.isnan(difference) else (extreme + 1) / (resamples + 1),
        level=level,
        changed=len(changed),
        n=len(rows),
    )


def detectable_difference(standard_error: float, *, level: float, power: float = POWER) -> float:
    """The smallest true drop that a one-sided test finds in a share ``power`` of samples.

    Args:
        standard_error: Of the paired difference.
        level: Of the test; the level of the whole family divided by its size is the careful choice under Holm.
        power: That share.

    Source:
        Miller 2024 (arXiv 2411.00640), section 5: the sum of both normal quantiles times the standard error.
    """
    normal = NormalDist()
    return (normal.inv_cdf(1 - level) + normal.inv_cdf(power)) * standard_error


def examples_needed(n: int, detectable: float, wanted: float) -> int:
    """How many examples find a drop of ``wanted``, if ``n`` examples find one of ``detectable``."""
    return math.ceil(n * (detectable / wanted) ** 2)


def _resampled_differences(metric: Metric, rows: NDArray[np.float64], seed: int) -> NDArray[np.float64]:
    """``(R,)`` differences of bootstrap resamples."""
    sums_new, sums_old = np.hsplit(resample_sums(rows, resamples=_INTERVAL_RESAMPLES, seed=seed), 2)
    return metric.aggregate_sums(sums_new, len(rows)) - metric.aggregate_sums(sums_old, len(rows))


def _iter_exchanged(
    metric: Metric,
    new: NDArray[np.float64],
    old: NDArray[np.float64],
    changed: NDArray[np.intp],
    resamples: int,
    seed: int,
) -> Iterator[NDArray[np.float64]]:
    """Chunks of differences under random exchanges; only changed rows need a coin."""
    generator = np.random.default_rng(seed)
    total_new, total_old = new.sum(axis=0), old.sum(axis=0)
    moved = old[changed] - new[changed]
    rows = max(1, _CHUNK_CELLS // max(1, len(changed)))
    for start in range(0, resamples, rows):
        coins = generator.integers(0, 2, size=(min(rows, resamples - start), len(changed)), dtype=np.int8)
        shift = coins.astype(np.float64) @ moved
        yield metric.aggregate_sums(total_new + shift, len(new)) - metric.aggregate_sums(total_old - shift, len(old))


def _check_shapes(new: NDArray[np.float64], old: NDArray[np.float64]) -> None:
    """Refuse statistics that cannot belong to the same examples."""
    if new.shape != old.shape or not len(new):
        raise ScoringError(
            f"The systems have statistics of shapes {new.shape} and {old.shape}.",
            "A paired test expects the same examples and the same metric.",
            "Score both systems on the same task and the same ids.",
        )
