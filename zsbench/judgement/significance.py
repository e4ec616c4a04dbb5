"""Which differences are significant within the family of questions that are asked together."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from zsbench.judgement.difference import is_zero
from zsbench.statistics.bootstrap import RESAMPLES
from zsbench.statistics.correction import holm
from zsbench.statistics.power import LEVEL

__all__ = ["LEVEL", "Question", "correct_family", "format_p_value", "group_ranks", "is_asked", "is_significant"]

_SMALL = 0.001
"""The finest p-value that is printed as a number."""

_ROUNDING = 1e-9


@dataclass(frozen=True)
class Question:
    """Whether a difference is real.

    Attributes:
        difference: On the metric's own scale; NaN if it is not asked.
        p_value: Of the difference alone.
        factor: What printed scores are multiplied by.
    """

    difference: float
    p_value: float
    factor: float = 1.0


def is_asked(metric: str, grouping: str | None, main_metric: str) -> bool:
    """Whether a row of a task is a question: every metric of the whole is, and of a group the main metric alone.

    Args:
        metric: The row's metric.
        grouping: Of the row; empty or None for the whole. Only groupings that the task's card shows are asked at all.
        main_metric: The task's.
    """
    return not grouping or metric == main_metric


def correct_family(questions: Sequence[Question]) -> list[float]:
    """Holm's p-values over the questions that are asked together, in their order.

    A difference that is zero as printed is never significant: it is asked with a p-value of 1. One that is no number
    is not asked, costs the others nothing and stays NaN.

    Args:
        questions: The whole family. Whoever calls says which that is, and prints it.
    """
    return holm([1.0 if is_zero(one.difference, one.factor) else one.p_value for one in questions])


def is_significant(corrected: float) -> bool:
    """Whether a p-value of ``correct_family`` shows a difference; NaN shows none."""
    return corrected < LEVEL


def group_ranks(count: int, test: Callable[[int, int], Question]) -> list[int]:
    """Significance groups of ranked systems, 1 the first: a group ends where a system differs from the group's first.

    The family is the table: each system but the first is compared once, with a system that earlier answers choose, so
    that the level is divided by their number (Bonferroni).

    Args:
        count: How many systems, best first.
        test: Asks whether two systems differ, by their places.
    """
    groups, first = [1] * min(count, 1), 0
    for place in range(1, count):
        question = test(first, place)
        corrected = min(1.0, correct_family([question])[0] * (count - 1))
        if is_significant(corrected):
            first = place
        groups.append(groups[-1] + (first == place))
    return groups


def format_p_value(p_value: float, *, family: int = 1, resamples: int = RESAMPLES) -> str:
    """``p = 0.012``; ``p < 0.001`` below that; and a bound where resampling could not have given less.

    Args:
        p_value: To print.
        family: How many questions it was corrected for.
        resamples: R; the least p-value is ``1 / (R + 1)`` before correction.
    """
    if math.isnan(p_value):
        return "p unknown"
    finest = min(1.0, family / (resamples + 1))
    if p_value <= finest * (1 + _ROUNDING):
        return f"p < {max(_SMALL, math.ceil(finest * 1000) / 1000):.3f}"
    return f"p < {_SMALL}" if p_value < _SMALL else f"p = {p_value:.3f}"
