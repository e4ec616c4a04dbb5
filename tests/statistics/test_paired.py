import numpy as np
import pytest

from zsbench.errors import ScoringError
from zsbench.metrics.bleu import Bleu
from zsbench.metrics.rouge import RougeL
from zsbench.statistics import Pair, bootstrap, paired_difference, paired_differences, randomization_tests
from zsbench.statistics.bootstrap import iter_weights
from zsbench.statistics.paired import _iter_coins

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


def randomization(first, second, **settings):
    (p_value,) = randomization_tests([Pair(MEAN, (first,), (second,))], **{"resamples": 999, **settings})
    return p_value


def test_randomization_equals_the_slow_one():
    """BLEU of two systems, exchanged example by example with the same coins, has the same p-value."""
    rng = np.random.default_rng(3)
    guesses = rng.integers(3, 9, size=(24, 1))
    length = np.hstack([guesses, guesses])
    first, second = (np.hstack([rng.binomial(guesses, p), guesses, length]).astype(float) for p in (0.7, 0.6))
    metric = Bleu(1)
    (found,) = randomization_tests([Pair(metric, (first,), (second,))], resamples=500, seed=4)
    gains = first - second
    order = [row for row in np.lexsort(gains.T[::-1]) if gains[row].any()]
    first, second = first[[*order, *(set(range(24)) - set(order))]], second[[*order, *(set(range(24)) - set(order))]]
    coins = np.vstack(list(_iter_coins(len(order), 500, 4))).astype(bool)
    observed = abs(metric.aggregate(first) - metric.aggregate(second))
    extreme = 0
    for row in coins:
        swap = np.r_[row, np.zeros(24 - len(order), dtype=bool)][:, None]
        own, other = np.where(swap, second, first), np.where(swap, first, second)
        extreme += abs(metric.aggregate(own) - metric.aggregate(other)) >= observed - 1e-12
    assert found == (extreme + 1) / 501


def test_randomization_is_exact_for_few_changes():
    """One example that changes can never be significant; ten that all gain have p near 2 / 2 ** 10."""
    rows = np.random.default_rng(0).random((50, 1))
    changed = rows.copy()
    changed[0] += 1
    assert randomization(changed, rows) == 1.0
    changed[:10] = rows[:10] + 1
    assert randomization(changed, rows, resamples=20_000) == pytest.approx(2 / 2**10, abs=0.001)
    assert randomization(rows, rows) == 1.0


def test_randomization_does_not_depend_on_order_or_on_other_metrics():
    """Shuffled examples and further pairs leave a p-value as it is."""
    rng = np.random.default_rng(1)
    first, second = rng.random((60, 1)), rng.random((60, 1))
    order = rng.permutation(60)
    alone = randomization(first, second)
    assert randomization(first[order], second[order]) == alone
    pairs = [Pair(MEAN, (first,), (second,)), Pair(MEAN, (rng.random((60, 1)),), (second,))]
    assert randomization_tests(pairs, resamples=999)[0] == pytest.approx(alone, abs=0.05)


def test_randomization_has_few_false_alarms():
    """Of 300 pairs of equally good systems about 5 % have p below 0.05."""
    rng = np.random.default_rng(14)
    alarms = sum(
        randomization(rng.exponential(size=(60, 1)), rng.exponential(size=(60, 1)), resamples=300, seed=trial) < 0.05
        for trial in range(300)
    )
    assert 0.02 * 300 <= alarms <= 0.08 * 300


def test_metrics_compared_together_have_the_numbers_of_each_alone():
    """Sharing the draws changes nothing for any pair."""
    rng = np.random.default_rng(6)
    pairs = [Pair(MEAN, (rng.random((70, 1)),), (rng.random((70, 1)),)) for _ in range(3)]
    together = paired_differences(pairs, resamples=300, seed=2)
    alone = [paired_differences([pair], resamples=300, seed=2)[0] for pair in pairs]
    for one, other in zip(together, alone, strict=True):
        assert (one.standard_error, one.low, one.high, one.p_value) == pytest.approx(
            (other.standard_error, other.low, other.high, other.p_value)
        )


def test_clusters_of_equal_rows_count_as_one():
    """Every example four times, in clusters of four, has the standard error of the examples once."""
    rng = np.random.default_rng(8)
    first, second = rng.random((80, 1)), rng.random((80, 1))
    once = paired_difference(MEAN, first, second, resamples=2000, seed=0)
    often = np.repeat(first, 4, axis=0), np.repeat(second, 4, axis=0)
    clustered = paired_difference(MEAN, *often, resamples=2000, seed=0, clusters=np.repeat(np.arange(80), 4))
    assert clustered.standard_error == pytest.approx(once.standard_error, rel=1e-6)
    assert paired_difference(MEAN, *often, resamples=2000, seed=0).standard_error < 0.6 * once.standard_error
    assert randomization(*often, clusters=np.repeat(np.arange(80), 4)) == pytest.approx(randomization(first, second))


def test_seeds_share_the_resamples_of_examples():
    """Seeds that are equal add nothing; opposite ones cancel."""
    rng = np.random.default_rng(9)
    first, second = rng.random((80, 1)), rng.random((80, 1))
    once = paired_difference(MEAN, first, second, resamples=500, seed=0)
    (twice,) = paired_differences([Pair(MEAN, (first, first), (second, second))], resamples=500, seed=0)
    assert (twice.difference, twice.standard_error) == pytest.approx((once.difference, once.standard_error))
    (none,) = paired_differences([Pair(MEAN, (first, second), (second, first))], resamples=500, seed=0)
    assert (none.difference, none.standard_error) == pytest.approx((0.0, 0.0))
