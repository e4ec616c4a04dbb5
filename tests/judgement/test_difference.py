"""Whether two systems differ, over examples and seeds."""

from __future__ import annotations

import math

import numpy as np
import pytest

from zsbench.judgement.difference import is_zero, measure_difference, pool_differences
from zsbench.judgement.pairing import ScoredExamples
from zsbench.statistics import PairedDifference
from zsbench_fakes import Exact

RNG = np.random.default_rng(3)
BASE = (RNG.random(120) < 0.4).astype(float)


def seed(values, number=0, **changes):
    return ScoredExamples(number, [str(n) for n in range(len(values))], np.asarray(values, float)[:, None], **changes)


def test_the_same_question_has_the_same_answer_whatever_the_order_of_examples():
    """To the last digit: draws depend on the question and rows have an order of their own."""
    own, other = seed(np.ones(120)), seed(BASE)
    turned = ScoredExamples(0, other.ids[::-1], other.statistics[::-1])
    assert measure_difference(Exact(), "exact", [own], [other]) == measure_difference(Exact(), "exact", [own], [turned])


def test_images_are_clusters_wherever_they_are_known():
    """Ten questions of one image are one observation."""
    better = np.repeat(RNG.random(12) < 0.5, 10).astype(float)
    images = {str(n): str(n // 10) for n in range(120)}
    apart = measure_difference(Exact(), "exact", [seed(better)], [seed(np.zeros(120))])
    tied = measure_difference(Exact(), "exact", [seed(better)], [seed(np.zeros(120), images=images)])
    assert tied.standard_error > 2 * apart.standard_error


@pytest.mark.parametrize(
    ("values", "p_values", "expected"),
    [
        ([0.1, 0.2], [0.01, 0.02], 0.02),
        ([0.1, -0.2], [0.01, 0.02], 1.0),
        ([0.1, 0.0], [0.01, 1.0], 1.0),
        ([0.1, math.nan], [0.01, math.nan], 0.01),
    ],
)
def test_every_seed_must_show_the_difference_in_one_direction(values, p_values, expected):
    """The largest p-value counts; a seed without a number does not."""
    found = pool_differences(
        [PairedDifference(v, 0.1, v - 0.1, v + 0.1, p) for v, p in zip(values, p_values, strict=True)]
    )
    assert found.p_value == expected
    known = [value for value in values if not math.isnan(value)]
    assert (found.low, found.high) == (min(known) - 0.1, max(known) + 0.1)


def test_one_seed_is_left_as_it_is_and_none_gives_no_number():
    """To the bit."""
    one = PairedDifference(0.1, 0.02, 0.05, 0.15, 0.3)
    assert pool_differences([one]) is one
    assert math.isnan(pool_differences([]).p_value)


@pytest.mark.parametrize(
    ("difference", "factor", "zero"),
    [
        (0.0, 100, True),
        (4e-5, 100, True),
        (-4e-5, 100, True),
        (6e-5, 100, False),
        (4e-3, 1, True),
        (math.nan, 1, False),
    ],
)
def test_a_difference_that_prints_as_zero_is_none(difference, factor, zero):
    """In printed points, two decimals."""
    assert is_zero(difference, factor) is zero
