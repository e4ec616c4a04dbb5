"""Which scores of a column are the best."""

from __future__ import annotations

import math

import pytest

from zsbench.judgement.best import ColumnScore, judge_column


@pytest.mark.parametrize(
    ("scores", "best"),
    [
        ([0.1, 0.3, 0.2], [False, True, False]),
        ([0.1, 0.3, 0.3], [False, True, True]),
        ([0.1, 0.3, 0.30004], [False, True, True]),
        ([7.4e-6, 7.3e-6], [False, False]),
        ([0.5], [False]),
        ([0.5, math.nan], [False, False]),
        ([], []),
    ],
)
def test_scores_that_print_alike_are_best_together_and_never_all(scores, best):
    """BLEU-4 of 0.00 is not better than one of 0.00."""
    assert [one.best for one in judge_column([ColumnScore(score, 100) for score in scores])] == best


def test_what_does_not_compete_is_never_the_best():
    """Nor does it keep another from it."""
    column = [ColumnScore(0.9, 100, data_used="an upper bound"), ColumnScore(0.5, 100), ColumnScore(0.4, 100)]
    assert [one.best for one in judge_column(column)] == [False, True, False]
    assert [one.best for one in judge_column(column[:2])] == [False, False]


def test_a_score_of_another_signature_is_apart():
    """Where no signature is that of most, every score is, and none is the best."""
    column = [ColumnScore(score, 100, [signature]) for score, signature in ((0.9, "b"), (0.5, "a"), (0.4, "a"))]
    found = judge_column(column)
    assert [(one.apart, one.alone, one.best) for one in found] == [
        (True, False, False), (False, False, True), (False, False, False),
    ]  # fmt: skip
    assert [(one.apart, one.alone, one.best) for one in judge_column(column[:2])] == [(True, True, False)] * 2
