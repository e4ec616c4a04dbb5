"""How sure a score is, over examples and over seeds."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["PooledScore", "SeedScore", "combine_errors", "pool_seeds"]


@dataclass(frozen=True)
class SeedScore:
    """The score of one seed with its standard error and interval over examples; NaN where there is none."""

    score: float
    error: float = math.nan
    low: float = math.nan
    high: float = math.nan


@dataclass(frozen=True)
class PooledScore:
    """A score over seeds.

    Attributes:
        score: Mean over seeds; NaN of none.
        error: That of ``combine_errors``.
        error_examples: Root of the mean squared standard error over examples.
        error_seeds: Standard deviation over seeds; NaN of fewer than two.
        low: Lowest end of the seeds' intervals over examples.
        high: Highest end.
    """

    score: float
    error: float
    error_examples: float
    error_seeds: float
    low: float
    high: float


def pool_seeds(seeds: Sequence[SeedScore]) -> PooledScore:
    """The score over seeds, and how sure it is; seeds without a score are left out."""
    known = [one for one in seeds if not math.isnan(one.score)]
    scores, errors = [one.score for one in known], [one.error for one in known if not math.isnan(one.error)]
    return PooledScore(
        score=sum(scores) / len(scores) if scores else math.nan,
        error=combine_errors(scores, errors),
        error_examples=_root_mean_square(errors),
        error_seeds=statistics.stdev(scores) if len(scores) > 1 else math.nan,
        low=min((one.low for one in known if not math.isnan(one.low)), default=math.nan),
        high=max((one.high for one in known if not math.isnan(one.high)), default=math.nan),
    )


def combine_errors(values: Sequence[float], errors: Sequence[float]) -> float:
    """The standard error of what one seed gives on one sample of examples.

    ``sqrt(mean_s(e_s^2) + var_s(x_s))``: the variance over examples, averaged over seeds, plus the variance over seeds,
    with S - 1 in its denominator. Seeds that agree leave the error over examples, and one seed has that alone.

    Args:
        values: ``x_s``, one a seed.
        errors: ``e_s``, standard errors over examples, of the seeds that have one.

    Source:
        The law of total variance; Bouthillier et al. 2021, section 2, for why both sources count.
    """
    examples = _root_mean_square(errors)
    if len(values) < 2:  # noqa: PLR2004  one seed has no spread
        return examples
    spread = statistics.stdev(values)
    return spread if math.isnan(examples) else math.hypot(examples, spread)


def _root_mean_square(errors: Sequence[float]) -> float:
    """The root of the mean square; that of one value is the value itself, to the bit; NaN of none."""
    if len(errors) == 1:
        return errors[0]
    return math.sqrt(sum(error**2 for error in errors) / len(errors)) if errors else math.nan
