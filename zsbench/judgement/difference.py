"""Whether two systems differ under a metric: the paired test over examples, and over seeds."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from zsbench.judgement.pairing import ScoredExamples, pair_examples, pair_seeds
from zsbench.judgement.uncertainty import combine_errors
from zsbench.seeds import derive_seed
from zsbench.statistics.bootstrap import RESAMPLES
from zsbench.statistics.paired import PairedDifference, paired_difference

if TYPE_CHECKING:
    from zsbench.interfaces.metric import Metric
    from zsbench.judgement.pairing import ExamplePairs

__all__ = ["POINT", "is_zero", "measure_difference", "measure_seed", "pool_differences"]

POINT = 0.01
"""The finest step of a printed score. A difference that prints as 0.00 is none."""


def measure_difference(
    metric: Metric,
    key: str,
    own: Sequence[ScoredExamples],
    other: Sequence[ScoredExamples],
    *,
    resamples: int = RESAMPLES,
) -> PairedDifference:
    """How much better one system is than another under one metric, over examples and seeds.

    Args:
        metric: The metric behind the statistics.
        key: The row's ``row_key``, which seeds the draws: the same question has the same answer everywhere.
        own: The system, one a seed.
        other: What it is compared with, one a seed.
        resamples: How many times the examples are drawn.

    Raises:
        ScoringError: Two cells share no example.
    """
    pairs = [
        pair_examples(own[first], other[second])
        for first, second in pair_seeds([cell.seed for cell in own], [cell.seed for cell in other])
    ]
    return pool_differences([measure_seed(metric, key, pair, resamples=resamples) for pair in pairs])


def measure_seed(metric: Metric, key: str, pairs: ExamplePairs, *, resamples: int = RESAMPLES) -> PairedDifference:
    """The paired bootstrap of one seed of two systems, with images as clusters."""
    seed = derive_seed("compare", key)
    return paired_difference(metric, pairs.own, pairs.other, resamples=resamples, seed=seed, clusters=pairs.clusters)


def pool_differences(found: Sequence[PairedDifference]) -> PairedDifference:
    """The difference over seeds.

    The difference is the mean, its interval the hull of the intervals, its standard error that of ``combine_errors``
    and its p-value the largest: every seed alone must show the difference, and all must show it in one direction, or
    the p-value is 1. Seeds without a number are left out.

    Args:
        found: The difference of each seed.

    Source:
        Berger 1982, section 2: the intersection-union test.
    """
    known = [one for one in found if not math.isnan(one.difference)]
    if not known:
        return PairedDifference(math.nan, math.nan, math.nan, math.nan, math.nan)
    if len(known) == 1:
        return known[0]
    values = [one.difference for one in known]
    agree = min(values) > 0 or max(values) < 0
    return PairedDifference(
        difference=sum(values) / len(values),
        standard_error=combine_errors(values, [one.standard_error for one in known]),
        low=min(one.low for one in known),
        high=max(one.high for one in known),
        p_value=max(one.p_value for one in known) if agree else 1.0,
    )


def is_zero(difference: float, factor: float) -> bool:
    """Whether a difference is none as scores are printed; one of NaN is not known to be.

    Args:
        difference: On the metric's own scale.
        factor: What printed scores are multiplied by.
    """
    return abs(difference * factor) < POINT / 2
