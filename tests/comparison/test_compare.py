"""Differences of two systems: how large, how sure, and where."""

from __future__ import annotations

import numpy as np
import pytest

from zsbench.comparison import CompareOptions, compare_pairs, compare_systems
from zsbench.errors import ScoringError

RNG = np.random.default_rng(5)
BASE = (RNG.random(200) < 0.5).astype(float)


def compare(a, b, metrics, **options):
    return compare_systems(a, b, metrics, CompareOptions(**{"resamples": 999, **options}))


def test_clear_difference_is_found_by_both_tests(system, metrics):
    """The sign is b less a; wins, losses and ties add up."""
    better = np.where(np.arange(200) < 40, 1.0, BASE)
    comparison = compare(system("a", BASE), system("b", better), metrics)
    (row,) = comparison.metrics
    gained = int((better > BASE).sum())
    assert row.found.difference == pytest.approx(gained / 200)
    assert row.found.p_value < 0.01
    assert row.p_randomization < 0.01
    assert (row.wins, row.losses, row.ties) == (gained, 0, 200 - gained)
    assert row.a == pytest.approx(BASE.mean())
    assert row.b == pytest.approx(better.mean())


def test_equal_systems_differ_in_nothing(system, metrics):
    """No change, no gain, p 1."""
    comparison = compare(system("a", BASE), system("b", BASE), metrics)
    (row,) = comparison.metrics
    assert (row.found.difference, row.corrected, row.ties) == (0.0, 1.0, 200)
    assert (comparison.changed, comparison.gains, comparison.losses) == (0, (), ())


def test_the_bootstrap_decides_and_is_corrected_over_all_rows(system, metrics):
    """Holm's correction doubles the smaller of two p-values; randomisation stands beside them."""
    other = BASE.copy()
    other[:12] = 1 - other[:12]
    values = {"exact": BASE, "words": BASE}, {"exact": np.ones(200), "words": other}
    comparison = compare(system("a", values[0]), system("b", values[1]), metrics)
    exact, words = comparison.metrics
    assert exact.corrected == pytest.approx(2 * exact.found.p_value)
    assert words.corrected == pytest.approx(words.found.p_value)
    assert (exact.significant, words.significant, exact.family) == (True, False, 2)


def test_all_comparisons_of_a_command_are_one_family(system, metrics):
    """Two tasks ask twice as much as one."""
    pair = system("a", BASE), system("b", np.ones(200))
    [alone] = compare_pairs([pair], metrics, CompareOptions(resamples=999))
    both = compare_pairs([pair, pair], metrics, CompareOptions(resamples=999))
    assert [one.metrics[0].corrected for one in both] == [2 * alone.metrics[0].corrected] * 2


def test_a_difference_that_prints_as_zero_is_none(system, metrics):
    """However sure it is: a reader sees 0.00 against 0.00."""
    a, b = system("a", np.zeros(200)), system("b", np.full(200, 4e-5))
    (row,) = compare(a, b, metrics).metrics
    assert row.found.p_value < 0.05
    assert (row.p_value, row.corrected, row.significant) == (1.0, 1.0, False)


def test_smallest_difference_and_needed_examples_are_told(system, metrics):
    """What would be detected, and how many examples the measured difference needs."""
    other = BASE.copy()
    other[:10] = 1 - other[:10]
    other[0] = BASE[0]
    (row,) = compare(system("a", BASE), system("b", other), metrics).metrics
    assert row.detectable == pytest.approx(2.8016 * row.found.standard_error, rel=1e-3)
    expected = np.inf if row.found.difference == 0 else np.ceil(200 * (row.detectable / row.found.difference) ** 2)
    assert row.needed == expected


def test_examples_that_change_most_are_listed(system, metrics):
    """At most ten each way, largest first, with both captions."""
    values = np.linspace(-1, 1, 41)
    a, b = system("a", np.zeros(41), texts=["old"] * 41), system("b", values, texts=["new"] * 40 + ["old"])
    comparison = compare(a, b, metrics)
    assert [one.id for one in comparison.gains] == [f"x{n}" for n in range(40, 30, -1)]
    assert [one.id for one in comparison.losses] == [f"x{n}" for n in range(10)]
    assert (comparison.losses[0].a, comparison.losses[0].b, comparison.losses[0].change) == ("old", "new", -1.0)
    assert comparison.changed == 40


def test_order_of_examples_may_differ(system, metrics):
    """Examples are paired by id."""
    ids = [f"x{n}" for n in range(200)]
    shuffled = system("b", BASE[::-1], ids=ids[::-1])
    (row,) = compare(system("a", BASE, ids=ids), shuffled, metrics).metrics
    assert row.ties == 200


def test_other_signature_is_refused_with_the_field(system, metrics):
    """What differs is named, on both sides."""
    a, b = system("a", BASE, signature="idf:coco:5000:ab"), system("b", BASE, signature="idf:coco:1000:cd")
    with pytest.raises(ScoringError, match=r"idf: coco:5000:ab against coco:1000:cd \(Exact\)"):
        compare(a, b, metrics)


def test_forced_comparison_uses_common_examples_and_is_labelled(system, metrics):
    """Half of the examples, and the field that differs."""
    part = system("b", BASE[:100], ids=[f"x{n}" for n in range(100)])
    comparison = compare(system("a", BASE), part, metrics, force=True)
    assert comparison.labels == ("forced: signatures differ in n: 200 against 100 (Exact)",)
    assert (comparison.n, comparison.metrics[0].n, comparison.metrics[0].ties) == (100, 100, 100)


def test_systems_without_a_common_example_are_refused(system, metrics):
    """Nothing to compare is an error, forced or not."""
    b = system("b", BASE, ids=[f"y{n}" for n in range(200)])
    with pytest.raises(ScoringError, match="share no metric on any example"):
        compare(system("a", BASE), b, metrics, force=True)


def test_metric_of_one_side_is_told(system, metrics):
    """Neither a reason why it was not run nor a missing column goes unsaid."""
    a = system("a", {"exact": BASE, "words": BASE})
    b = system("b", BASE, not_run={"SPICE": "no models"})
    comparison = compare(a, b, metrics)
    assert [row.key for row in comparison.metrics] == ["exact"]
    assert comparison.apart == (
        "Words: it has scores on one side only, or its plugin is not installed",
        "SPICE: no models",
    )


def test_seeds_are_pooled(system, metrics):
    """The difference is the mean over equal seeds; its interval is the hull of theirs, its p-value the largest."""
    better = [np.where(np.arange(200) < 40 + 5 * seed, 1.0, BASE) for seed in range(2)]
    (both,) = compare(system("a", BASE, BASE), system("b", *better), metrics).metrics
    alone = [compare(system("a", BASE), system("b", values), metrics).metrics[0].found for values in better]
    assert both.found.difference == pytest.approx(np.mean([one.difference for one in alone]))
    assert both.found.low == min(one.low for one in alone)
    assert both.found.high == max(one.high for one in alone)
    assert both.found.p_value == max(one.p_value for one in alone)


def test_seeds_that_disagree_in_direction_show_no_difference(system, metrics):
    """Each may be sure of itself."""
    (row,) = compare(system("a", BASE, BASE), system("b", np.ones(200), np.zeros(200)), metrics).metrics
    assert (row.found.p_value, row.significant) == (1.0, False)


def test_a_seed_without_a_partner_is_left_out_and_named(system, metrics):
    """As in a table."""
    comparison = compare(system("a", BASE), system("b", np.ones(200), np.zeros(200)), metrics)
    assert comparison.metrics[0].b == 1.0
    assert comparison.labels == ("B: seed 1 has no partner and is left out",)


def test_images_are_clusters(system, metrics):
    """Ten questions about one image are one observation: the interval is wider than that of 200."""
    a = np.zeros(200)
    b = np.repeat(RNG.random(20) < 0.5, 10).astype(float)
    images = {f"x{n}": str(n // 10) for n in range(200)}
    (apart,) = compare(system("a", a), system("b", b), metrics).metrics
    (tied,) = compare(system("a", a, images=images), system("b", b, images=images), metrics).metrics
    assert tied.found.standard_error > 2.5 * apart.found.standard_error


def test_score_that_is_no_number_is_never_significant(system, metrics):
    """NaN stays NaN and costs the other metrics nothing."""
    broken = BASE.copy()
    broken[0] = np.nan
    a, b = system("a", {"exact": BASE, "words": BASE}), system("b", {"exact": broken, "words": np.ones(200)})
    exact, words = compare(a, b, metrics).metrics
    assert np.isnan(exact.corrected)
    assert words.corrected < 0.05
