"""Which differences are significant, and how p-values are printed."""

from __future__ import annotations

import math

import pytest

from zsbench.judgement.significance import (
    Question,
    correct_family,
    format_p_value,
    group_ranks,
    is_asked,
    is_significant,
)


def test_a_family_is_corrected_together():
    """Zero as printed is asked in vain, no number is not asked."""
    found = correct_family(
        [Question(0.1, 0.02), Question(1e-9, 1e-4), Question(math.nan, math.nan), Question(0.2, 0.01)]
    )
    assert found[0] == found[1] / 25 == pytest.approx(0.04)
    assert math.isnan(found[2])
    assert [is_significant(value) for value in found] == [True, False, False, True]


@pytest.mark.parametrize(
    ("value", "options", "text"),
    [
        (0.25, {}, "p = 0.250"),
        (1 / 10_001, {}, "p < 0.001"),
        (3 / 10_001, {"family": 3}, "p < 0.001"),
        (3 / 10_001, {}, "p < 0.001"),
        (40 / 10_001, {"family": 40}, "p < 0.004"),
        (0.0041, {"family": 40}, "p = 0.004"),
        (0.01, {"resamples": 99}, "p < 0.010"),
        (1.0, {"family": 20_000}, "p < 1.000"),
        (math.nan, {}, "p unknown"),
    ],
)
def test_a_p_value_at_the_resolution_of_resampling_is_a_bound(value, options, text):
    """The count was 0: nobody knows how small it is."""
    assert format_p_value(value, **options) == text


def test_groups_end_where_a_system_differs_from_the_first():
    """The level is divided by the comparisons."""
    scores = [0.9, 0.89, 0.5, 0.49, 0.1]

    def test(first, other):
        gap = scores[first] - scores[other]
        return Question(gap, 0.001 if gap > 0.1 else 0.02)

    assert group_ranks(5, test) == [1, 1, 2, 2, 3]
    assert group_ranks(2, test) == [1, 2]
    assert (group_ranks(1, test), group_ranks(0, test)) == ([1], [])


def test_the_main_metric_of_a_group_is_asked_and_no_other():
    """Of the whole every metric is."""
    asked = [is_asked("cider", "domain", "cider"), is_asked("bleu", "domain", "cider"), is_asked("bleu", None, "cider")]
    assert asked == [True, False, True]
