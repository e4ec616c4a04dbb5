"""How sure a score is, over examples and over seeds."""

from __future__ import annotations

import math
import statistics

import pytest

from zsbench.judgement.uncertainty import SeedScore, combine_errors, pool_seeds


def test_a_deterministic_captioner_keeps_its_error_over_examples():
    """Two equal seeds say nothing of other examples."""
    found = pool_seeds([SeedScore(1.696, 0.05, 1.6, 1.8)] * 2)
    assert found.error == pytest.approx(0.05)
    assert (found.error_seeds, found.error_examples) == (0.0, pytest.approx(0.05))
    assert (found.low, found.high) == (1.6, 1.8)


def test_both_variances_are_added():
    """That over examples averaged over seeds, and that over seeds."""
    found = pool_seeds([SeedScore(0.6, 0.03, 0.5, 0.7), SeedScore(0.64, 0.01, 0.6, 0.66)])
    spread = statistics.stdev([0.6, 0.64])
    assert found.error == pytest.approx(math.sqrt((0.03**2 + 0.01**2) / 2 + spread**2))
    assert (found.score, found.low, found.high) == (pytest.approx(0.62), 0.5, 0.7)
    assert found.error_seeds == pytest.approx(spread)


def test_one_seed_is_left_as_it_is():
    """To the bit: nothing is squared and rooted again."""
    found = pool_seeds([SeedScore(0.1, 0.0123456789, 0.0, 0.2), SeedScore(math.nan)])
    assert (found.score, found.error, found.low, found.high) == (0.1, 0.0123456789, 0.0, 0.2)
    assert math.isnan(found.error_seeds)


def test_what_is_not_known_is_no_number():
    """No seed, or seeds without an error."""
    assert math.isnan(pool_seeds([]).score)
    assert math.isnan(pool_seeds([]).error)
    assert combine_errors([0.1, 0.3], []) == pytest.approx(statistics.stdev([0.1, 0.3]))
    assert math.isnan(combine_errors([0.1], []))
