"""What a comparison says in words."""

from __future__ import annotations

import re

import numpy as np
import pytest

from zsbench.comparison import CompareOptions, compare_systems, describe_comparison, sentence

BASE = np.zeros(400)


def rows(system, metrics, b, a=BASE):
    return compare_systems(system("a", a), system("b", b), metrics, CompareOptions(resamples=19_999)).metrics


def test_real_difference_is_better_or_worse_by_so_much(system, metrics):
    """Size and interval are positive in both directions."""
    changed = BASE.copy()
    changed[:80] = 1.0
    assert sentence(rows(system, metrics, changed)[0]).startswith("B is better on Exact by 20.00 [16.")
    assert sentence(rows(system, metrics, BASE, changed)[0]).startswith("B is worse on Exact by 20.00 [16.")
    assert sentence(rows(system, metrics, changed)[0]).endswith("p < 0.001.")


def test_doubtful_difference_is_inconclusive_and_says_what_would_not_be(system, metrics):
    """What n detects, and how many examples this difference would need."""
    changed = BASE.copy()
    changed[0] = 1.0
    text = sentence(rows(system, metrics, changed)[0])
    assert text.startswith("Exact is inconclusive: +0.25 [+0.00, 0.75]") or "inconclusive: +0.25 [0.00, 0.75]" in text
    assert re.search(r"n = 400 detects 0\.7\d or more, this difference needs n = 31\d\d", text)


def test_no_difference_is_the_same(system, metrics):
    """Not inconclusive: nothing differs."""
    assert sentence(rows(system, metrics, BASE)[0]) == "Exact is the same: no example scores differently."


def test_text_holds_everything(system, metrics):
    """Names, labels, sentences, table, changes and what p means."""
    changed = BASE.copy()
    changed[:80] = 1.0
    a, b = system("one", BASE, BASE), system("two", changed, signature="n:9", not_run={"SPICE": "no models"})
    text = describe_comparison(compare_systems(a, b, metrics, CompareOptions(resamples=99, force=True)))
    for part in (
        "A = one, the mean of 2 seeds",
        "B = two",
        "LABELLED forced: signatures differ in n: 400 against 9 (Exact).",
        "B is better on Exact",
        "Not compared: SPICE: no models",
        "| Exact    |",
        "80/0/320",
        "80 of 400 predictions differ.",
        "B gains most on Exact:",
        "'text 0.0' -> 'text 1.0'",
        "Holm's correction",
    ):
        assert part in text
    assert "loses most" not in text


@pytest.mark.parametrize("value", [np.nan])
def test_score_that_is_no_number_is_said(system, metrics, value):
    """No verdict without numbers."""
    changed = BASE.copy()
    changed[0] = value
    assert sentence(rows(system, metrics, changed)[0]) == "Exact cannot be compared: a score is no number."
