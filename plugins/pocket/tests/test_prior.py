"""Blind guessing."""

from __future__ import annotations

import pytest

from zsbench_pocket.prior import learn_guesses, score_answers, score_prior
from zsbench_pocket.world.vqa import iter_asked


def test_guesses_are_answers_of_their_type():
    """Yes or no where that is asked, a number where that is asked."""
    guesses = learn_guesses()
    assert guesses["is there a"] in {"yes", "no"}
    assert guesses["how many"].isdecimal()


def test_what_people_mostly_say_beats_guessing():
    """The agreed answers score high on every answer type, guesses between nothing and them."""
    questions = list(iter_asked())
    agreed = score_answers(questions, {str(asked.id): asked.question.answer for asked in questions})
    guessed = score_prior()
    assert set(agreed) == set(guessed) == {"all", "yes/no", "number", "other"}
    for part, accuracy in agreed.items():
        assert accuracy > 85
        assert 0 < guessed[part] < accuracy - 10


def test_a_question_without_an_answer_is_an_error():
    """Nothing is left out of the mean."""
    questions = list(iter_asked(images=2))
    with pytest.raises(KeyError):
        score_answers(questions, {})
