"""What a matrix may not ask for."""

from __future__ import annotations

import pytest

import zsbench_fakes
from zsbench.config import read_matrix
from zsbench.errors import UnknownIdError
from zsbench.plan.checks import iter_problems
from zsbench.plugins import load_plugins


@pytest.fixture
def problems_of():
    registry = load_plugins([zsbench_fakes.FAKES]).registry

    def _problems(**overrides):
        return list(iter_problems(read_matrix(zsbench_fakes.matrix_file(), overrides), registry))

    return _problems


def test_a_sound_matrix_has_none(problems_of):
    """Nothing is yielded."""
    assert problems_of() == []


def test_unknown_ids_come_with_their_kind_and_the_closest_known_one(problems_of):
    """Of every axis, in one go."""
    found = problems_of(captioners=["fak"], tasks=["fake-tsk"], corpora=["fake-corps"], baseline="fak")
    assert all(isinstance(problem, UnknownIdError) for problem in found)
    assert [(problem.kind, problem.unknown) for problem in found] == [
        ("captioner", "fak"),
        ("task", "fake-tsk"),
        ("corpus", "fake-corps"),
    ]
    assert "Did you mean 'fake'?" in str(found[0])


def test_settings_of_an_unknown_captioner_say_where_they_stand(problems_of):
    """A typo in `settings` is not a missing plugin."""
    [problem] = problems_of(settings={"fakee": {}})
    assert "The matrix has settings for it." in str(problem)
