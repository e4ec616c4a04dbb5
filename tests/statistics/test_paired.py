import numpy as np
import pytest

from zsbench.errors import ScoringError
from zsbench.metrics.bleu import Bleu
from zsbench.metrics.rouge import RougeL
from zsbench.statistics import bootstrap, paired_difference
from zsbench.statistics.bootstrap import iter_weights

MEAN = RougeL()
"""A metric that is the mean of its rows."""


def test_difference_equals_the_slow_paired_bootstrap():
    """BLEU of two systems on the same resamples, aggregated one by one, gives the same numbers."""
    rng = np.random.default_rng(0)
    guesses = rng.integers(3, 9, size=(40, 1))
    length = np.hstack([guesses, guesses])
    first, second = (np.hstack([rng.binomial(guesses, p), guesses, length]).astype(float) for p in (0.7, 0.5))
    metric = Bleu(1)
    found = paired_difference(metric, first, second, resamples=400, seed=9)
    both = np.hstack([first, second])
    both = both[np.lexsort(both.T[::-1])]
    draws = [np.repeat(np.arange(40), c.astype(int)) for c in np.vstack(list(iter_weights(40, resamples=400, seed=9)))]
    slow = np.array([metric.aggregate(both[d, :4]) - metric.aggregate(both[d, 4:]) for d in draws])
    extreme = sum(abs(value - slow.mean()) >= abs(found.difference) - 1e-12 for value in slow)
    assert found.difference == pytest.approx(metric.aggregate(first) - metric.aggregate(second))
    assert found.standard_error == pytest.approx(slow.std(ddof=1))
    assert (found.low, found.high) == pytest.approx(np.quantile(slow, [0.025, 0.975]))
    assert found.p_value == (extreme + 1) / 401


def test_equal_systems_differ_in_nothing():
    """The same rows twice: difference 0 and p 1."""
    rows = np.random.default_rng(0).random((100, 1))
    found = paired_difference(MEAN, rows, rows, resamples=200, seed=0)
    assert (found.difference, found.low, found.high, found.p_value) == (0.0, 0.0, 0.0, 1.0)


def test_clear_difference_has_the_smallest_p_value():
    """A shift of every example by the same amount has p = 1 / (R + 1) and the sign of a less b."""
    rows = np.random.default_rng(0).random((100, 1))
    found = paired_difference(MEAN, rows, rows + 0.1, resamples=999, seed=0)
    assert found.p_value == 1 / 1000
    assert found.high < 0


def test_pairing_removes_what_systems_share():
    """The difference of correlated systems is surer than their scores."""
    rng = np.random.default_rng(1)
    hard = rng.normal(size=(300, 1))
    first, second = hard + 0.1 * rng.normal(size=(300, 1)), hard + 0.1 * rng.normal(size=(300, 1))
    found = paired_difference(MEAN, first, second, resamples=500, seed=0)
    assert found.standard_error < 0.3 * bootstrap(MEAN, first, resamples=500, seed=0).standard_error


def test_order_and_exchange_do_what_they_should():
    """Shuffling examples changes nothing; the p-value and the interval's width do not depend on who comes first."""
    rng = np.random.default_rng(2)
    first, second = rng.random((120, 1)), rng.random((120, 1))
    order = rng.permutation(120)
    found = paired_difference(MEAN, first, second, resamples=400, seed=3)
    assert paired_difference(MEAN, first[order], second[order], resamples=400, seed=3) == found
    swapped = paired_difference(MEAN, second, first, resamples=4000, seed=3)
    assert swapped.difference == pytest.approx(-found.difference)
    assert swapped.p_value == pytest.approx(found.p_value, abs=0.06)


def test_false_alarms_are_as_rare_as_promised():
    """Of 400 pairs of equally good systems about 5 % have p below 0.05."""
    rng = np.random.default_rng(12)
    alarms = 0
    for trial in range(400):
        shared = rng.exponential(size=(60, 1))
        first, second = shared + rng.exponential(size=(60, 1)), shared + rng.exponential(size=(60, 1))
        alarms += paired_difference(MEAN, first, second, resamples=300, seed=trial).p_value < 0.05
    assert 0.02 * 400 <= alarms <= 0.09 * 400


def test_real_differences_are_found():
    """Of 100 pairs with a difference of four standard errors at least 90 are significant."""
    rng = np.random.default_rng(13)
    found = 0
    for trial in range(100):
        first = rng.normal(size=(100, 1))
        second = first + rng.normal(loc=0.4, size=(100, 1))
        found += paired_difference(MEAN, second, first, resamples=300, seed=trial).p_value < 0.05
    assert found >= 90


def test_missing_value_gives_no_p_value():
    """A NaN in a system's rows makes the comparison NaN rather than significant."""
    rows = np.random.default_rng(0).random((20, 1))
    broken = rows.copy()
    broken[3] = np.nan
    found = paired_difference(MEAN, rows, broken, resamples=100, seed=0)
    assert np.isnan(found.difference)
    assert np.isnan(found.p_value)


@pytest.mark.parametrize("shape", [(9, 1), (10, 2)])
def test_unequal_shapes_are_refused(shape):
    """Other examples or another metric cannot be paired."""
    with pytest.raises(ScoringError, match="shapes"):
        paired_difference(MEAN, np.zeros((10, 1)), np.zeros(shape))
