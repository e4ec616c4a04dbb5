"""VQA accuracy and exact match, worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from zsbench.metrics.answers import exact_match, vqa_accuracy


def accuracy(prediction, *answers):
    """The official accuracy of one answer."""
    metric = vqa_accuracy()
    prepared = metric.prepare({"1": list(answers)})
    [[value]] = metric.statistics({"1": prediction}, prepared)
    return round(float(value), 10)


@pytest.mark.parametrize(
    ("matches", "value"),
    [(0, 0.0), (1, 0.3), (2, 0.6), (3, 0.9), (4, 1.0), (5, 1.0), (6, 1.0), (7, 1.0), (8, 1.0), (9, 1.0), (10, 1.0)],
)
def test_matches_count_a_third_each_with_one_person_left_out_in_turn(matches, value):
    """One match: nine of ten times a third, once nothing. Three: seven times all, three times two thirds."""
    others = [f"else {number}" for number in range(10 - matches)]
    assert accuracy("dog", *["dog"] * matches, *others) == value


def test_answers_that_are_all_equal_are_not_normalised():
    """Ten times `Two`: only `Two` is right, since nothing is put in lower case or in digits."""
    assert accuracy("Two", *["Two"] * 10) == 1.0
    assert accuracy("two", *["Two"] * 10) == 0.0
    assert accuracy("2", *["Two"] * 10) == 0.0
    assert accuracy("the dog", *["dog"] * 10) == 0.0
    assert accuracy("dog.", *["dog"] * 10) == 0.0


def test_answers_that_differ_are_normalised_on_both_sides():
    """Nine times `Two`, once `a dog`: `2`, `two.` and `The two` are as right as `Two`."""
    answers = ["Two"] * 9 + ["a dog"]
    for prediction in ("Two", "2", "two.", "The two"):
        assert accuracy(prediction, *answers) == 1.0
    assert accuracy("dog", *answers) == 0.3


def test_answers_that_differ_before_normalisation_alone_count_as_differing():
    """`yes` and `Yes` differ as they stand, so they are normalised and then are one."""
    assert accuracy("YES", *["yes"] * 9, "Yes") == 1.0


def test_answers_that_differ_by_line_ends_alone_do_not_differ():
    """Line ends, tabs and space around go before anything is compared."""
    assert accuracy("YES", *["yes"] * 9, " yes\n") == 0.0
    assert accuracy("\tyes ", *["yes"] * 9, " yes\n") == 1.0
    assert accuracy("red blue", *["red\nblue"] * 10) == 1.0


def test_an_answer_of_which_nothing_is_left_matches_others_of_that_kind():
    """`the` and `a` are articles and nothing else."""
    assert accuracy("", *["the"] * 3, *["dog"] * 7) == 0.9


def test_leave_one_out_is_the_mean_over_people_whatever_their_number():
    """Two of five people: twice a third, three times two thirds."""
    assert accuracy("x", "x", "x", "a", "b", "c") == round((2 * 1 / 3 + 3 * 2 / 3) / 5, 10)


def test_the_score_is_the_mean_over_questions():
    """100, 30 and 0 points."""
    metric = vqa_accuracy()
    answers = {"1": ["yes"] * 10, "2": ["no", *["yes"] * 9], "3": ["red"] * 10}
    rows = metric.statistics({"1": "yes", "2": "no", "3": "blue"}, metric.prepare(answers))
    assert rows.shape == (3, 1)
    assert metric.aggregate(rows) * metric.factor == pytest.approx(130 / 3)
    assert metric.values(rows).tolist() == pytest.approx([1.0, 0.3, 0.0])


def test_rows_follow_the_predictions():
    """Any part of the split, in any order."""
    metric = vqa_accuracy()
    prepared = metric.prepare({"1": ["yes"] * 10, "2": ["no"] * 10, "3": ["red"] * 10})
    assert np.array_equal(metric.statistics({"3": "red", "1": "no"}, prepared), [[1.0], [0.0]])


@pytest.mark.parametrize(
    ("prediction", "right"),
    [("Wood", 1.0), (" wood\n", 1.0), ("wood.", 0.0), ("the wood", 0.0), ("woods", 0.0), ("", 0.0)],
)
def test_exact_match_ignores_case_and_space_around_alone(prediction, right):
    """Nothing else is forgiven."""
    metric = exact_match()
    assert metric.statistics({"1": prediction}, metric.prepare({"1": ["wood "]})).tolist() == [[right]]


def test_exact_match_takes_any_of_several_references():
    """Where a data set has more than one."""
    metric = exact_match()
    rows = metric.statistics({"1": "b", "2": "c"}, metric.prepare({"1": ["a", "b"], "2": ["a", "b"]}))
    assert metric.aggregate(rows) == 0.5
