"""What the contract of a task gives to every task."""

from __future__ import annotations

from pathlib import Path

import pytest

import zsbench_fakes
from zsbench.errors import ScoringError


def test_official_results_of_captions_name_images():
    """In the order of the predictions; ids that are no numbers stay texts."""
    task = zsbench_fakes.FakeTask(Path())
    assert task.official_results({"red": "a", "blue": "b"}) == [
        {"image_id": "red", "caption": "a"},
        {"image_id": "blue", "caption": "b"},
    ]


def test_official_results_of_answers_name_questions():
    """Whole numbers where every id is one."""
    task = zsbench_fakes.FakeQuestions(Path())
    assert task.official_results({"12": "yes", "3": ""}) == [
        {"question_id": 12, "answer": "yes"},
        {"question_id": 3, "answer": ""},
    ]


@pytest.mark.parametrize("odd", ["007", "1.5", "-1", "١", ""])
def test_ids_that_would_change_as_numbers_stay_texts_all_of_them(odd):
    """A file with both kinds could not be joined to the data again."""
    rows = zsbench_fakes.FakeTask(Path()).official_results({"12": "a", odd: "b"})
    assert [row["image_id"] for row in rows] == ["12", odd]


def test_predictions_must_cover_exactly_the_expected_ids():
    """What is missing and what is unknown is listed."""
    task = zsbench_fakes.FakeTask(Path())
    task.check_predictions({"a": "x"}, ["a"])
    with pytest.raises(ScoringError, match=r"1 ids are missing \(b\) and 1 are unknown \(c\)") as caught:
        task.check_predictions({"a": "x", "c": "z"}, ["a", "b"])
    assert caught.value.ids == ("b", "c")
