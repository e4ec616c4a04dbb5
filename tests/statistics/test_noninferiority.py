"""The one-sided paired test: exact where nothing changed, right about what it can see."""

from __future__ import annotations

import numpy as np
import pytest

from zsbench.errors import ScoringError
from zsbench.metrics.bleu import bleu_4
from zsbench.metrics.cider import cider_d
from zsbench.statistics.noninferiority import (
    noninferiority,
    noninferiority_all,
)
from zsbench_fakes import Exact


def column(values):
    return np.asarray(values, float)[:, None]


def test_equal_statistics_have_no_difference_and_no_doubt():
    """Every exchange gives the same."""
    values = column(np.random.default_rng(0).random(30))
    found = noninferiority(Exact(), values, values)
    assert (found.difference, found.standard_error, found.lower, found.upper, found.p_value, found.changed) == (
        0,
        0,
        0,
        0,
        1,
        0,
    )


def test_the_p_value_of_few_losses_is_the_sign_test():
    """Five of five changed examples lost the same: one in thirty-two."""
    old = column(np.ones(40))
    new = old.copy()
    new[:5] = 0
    found = noninferiority(Exact(), new, old, resamples=100_000)
    assert found.p_value == pytest.approx(1 / 32, abs=0.002)
    assert (found.changed, found.n, found.difference) == (5, 40, pytest.approx(-5 / 40))


def test_a_gain_is_no_drop():
    """One-sided: the other tail does not count."""
    old = column(np.zeros(50))
    assert noninferiority(Exact(), old + 1, old).p_value > 0.99


def test_bounds_are_those_of_the_normal_distribution_for_a_mean():
    """Two thousand resamples of a mean of four hundred."""
    generator = np.random.default_rng(1)
    new, old = column(generator.normal(size=400)), column(generator.normal(size=400))
    found = noninferiority(cider_d(), new, old)
    spread = float((new - old).std(ddof=1)) / 20
    assert found.standard_error == pytest.approx(spread, rel=0.06)
    mean = float((new - old).mean())
    assert (found.lower, found.upper) == pytest.approx((mean - 1.645 * spread, mean + 1.645 * spread), abs=0.2 * spread)


def test_false_alarms_keep_their_level():
    """Systems that are equal are called worse in one of twenty trials."""
    generator = np.random.default_rng(2)
    alarms = 0
    for trial in range(300):
        one, two = column(generator.exponential(size=60)), column(generator.exponential(size=60))
        alarms += noninferiority(Exact(), one, two, resamples=400, seed=trial).p_value <= 0.05
    assert 3 <= alarms <= 28


def test_corpus_metrics_are_exchanged_by_their_counts():
    """BLEU has ten numbers an example; the order of examples does not matter."""
    generator = np.random.default_rng(3)
    metric = bleu_4()
    texts = {str(n): " ".join(generator.choice(list("abcdefgh"), 9)) for n in range(40)}
    references = {id_: [text] for id_, text in texts.items()}
    prepared = metric.prepare(references)
    old = metric.statistics(texts, prepared)
    broken = {id_: "a b c d" if int(id_) < 12 else text for id_, text in texts.items()}
    new = metric.statistics(broken, prepared)
    found = noninferiority(metric, new, old)
    order = generator.permutation(40)
    assert found == noninferiority(metric, new[order], old[order])
    assert found.difference == pytest.approx(metric.aggregate(new) - metric.aggregate(old))
    assert found.p_value < 0.01


def test_examples_of_one_image_are_exchanged_and_drawn_together():
    """Ten questions of each image that say the same are one piece of evidence, not ten."""
    old = column(np.ones(100))
    new = old.copy()
    new[:30] = 0
    images = np.repeat(np.arange(10), 10)
    [alone] = noninferiority_all([(Exact(), new, old)])
    [together] = noninferiority_all([(Exact(), new, old)], clusters=images)
    assert together.difference == alone.difference == pytest.approx(-0.3)
    assert alone.p_value < 0.001
    assert together.p_value == pytest.approx(1 / 8, abs=0.02)
    assert together.standard_error == pytest.approx(alone.standard_error * np.sqrt(10), rel=0.1)
    assert (together.n, together.changed) == (100, 30)


def test_nan_has_no_p_value():
    """What cannot be computed is not significant."""
    old = column(np.ones(5))
    new = old.copy()
    new[0] = np.nan
    assert np.isnan(noninferiority(Exact(), new, old).p_value)


@pytest.mark.parametrize("shapes", [((3, 1), (4, 1)), ((3, 1), (3, 2)), ((0, 1), (0, 1))])
def test_statistics_that_cannot_be_paired_are_refused(shapes):
    """The same examples, the same metric, at least one."""
    with pytest.raises(ScoringError, match="paired test"):
        noninferiority(Exact(), *(np.zeros(shape) for shape in shapes))
