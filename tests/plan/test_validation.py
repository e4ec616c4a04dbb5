"""Everything that is wrong with a matrix, at once."""

from __future__ import annotations

import pytest

import zsbench_fakes
from zsbench.config import read_matrix
from zsbench.plan import validate_matrix
from zsbench.plugins import load_plugins

READER = {"model": "nobody/opt"}


@pytest.fixture
def validate(tmp_path):
    """Validate the fakes' matrix; keyword arguments override it, ``world`` looks at data too."""
    registry = load_plugins([zsbench_fakes.FAKES]).registry

    def _validate(*, data_root=None, **overrides):
        matrix = read_matrix(zsbench_fakes.matrix_file(), overrides)
        return validate_matrix(matrix, registry, data_root=data_root)

    return _validate


def problems(found):
    """Each problem as one line."""
    return [str(problem) for problem in found.problems]


def test_a_sound_matrix_has_no_problem_and_its_cells_are_counted(validate):
    """Three captioners, one task, two seeds; nothing was read, and no model is there."""
    found = validate(seeds=[0, 1], language_model=READER)
    assert (problems(found), found.cells) == ([], 6)


def test_every_problem_is_listed_not_the_first_alone(validate):
    """Ids, baseline, pairs, settings and a sweep, each once."""
    found = validate(
        captioners=["fake", "fake-one", "nobody"],
        tasks=["fake-task", "no-task"],
        metrics=["no-metric"],
        baseline="nearest",
        pairs=[{"corpus": "fake-corpus", "task": "fake-questions"}],
        settings={"fake": {"inference": {"candidate": 2}}},
        sweep={"nearest.x": [1]},
    )
    told = "\n".join(problems(found))
    for words in (
        "no captioner 'nobody'",
        "no task 'no-task'",
        "no metric 'no-metric'",
        "baseline 'nearest' is not among",
        "pair of 'fake-corpus' and 'fake-questions'",
        "'inference.candidate' in settings of fake.",
        "'inference.candidate' in settings of fake-one.",
        "sweep 'nearest.x'",
    ):
        assert words in told
    assert len(problems(found)) == len(set(problems(found))) == 8


@pytest.mark.parametrize(
    ("overrides", "words"),
    [
        ({"encoder": {"id": "no-encoder", "settings": {}}}, "no encoder 'no-encoder'"),
        ({"encoder": {"id": "fake-encoder", "settings": {"modl": "x"}}}, "Did you mean 'model'"),
        ({"scoring_encoder": {"id": "fake-encoder", "settings": {"modl": "x"}}}, "Did you mean 'model'"),
        ({"language_model": {"model": "nobody/opt", "precision": "float8"}}, "'precision'"),
        ({"gap_models": [{"id": "no-gap"}]}, "no gap model 'no-gap'"),
        ({"gap_models": [{"id": "fake-paired"}]}, "fitted on paired data, and the matrix names none"),
        ({"settings": {"fake": {"training": {"gap": {"id": "fake-paired"}}}}}, "fitted on paired data"),
        ({"gap_fit": {"task": "fake-task"}}, "`gap_fit` names 'fake-task', which is scored"),
        ({"gap_fit": {"task": "no-task"}}, "no task 'no-task'"),
        ({"sweep": {"fake.inference.candidates": [0]}}, "'inference.candidates' in settings of fake"),
        ({"task_settings": {"fake-task": {"x": 1}}}, "no key 'x' in settings of task fake-task"),
        ({"tasks": ["fake-questions"]}, "the matrix names no language model to read them"),
        ({"tasks": ["fake-questions"], "answering": {"routes": ["features"]}}, "does not answer questions from its"),
        (
            {
                "captioners": ["fake-oracle"],
                "baseline": "fake-oracle",
                "tasks": ["fake-questions"],
                "language_model": READER,
            },
            "its references are answers",
        ),
    ],
)
def test_what_a_run_would_refuse_is_told(validate, overrides, words):
    """In the words of the run."""
    assert words in "\n".join(problems(validate(**overrides)))


def test_settings_are_looked_at_though_no_corpus_is_known(validate):
    """One unknown id does not hide what else is wrong."""
    found = validate(corpora=["no-corpus"], settings={"fake": {"inference": {"candidate": 2}}})
    told = "\n".join(problems(found))
    assert "no corpus 'no-corpus'" in told
    assert "Did you mean 'candidates'" in told


def test_a_task_or_a_corpus_in_no_pair_is_told(validate):
    """It would have no cell, and nobody would notice."""
    pairs = [{"corpus": "fake-corpus", "task": "fake-task"}]
    found = validate(tasks=["fake-task", "fake-grouped"], pairs=pairs)
    [problem] = found.problems
    assert (problem.found, problem.key) == ("The task 'fake-grouped' is in no cell.", "pairs")


def test_data_are_looked_at_where_there_is_a_data_root(validate, tmp_path):
    """Texts and images are found, or told as missing."""
    world = zsbench_fakes.write_world(tmp_path)
    assert problems(validate(data_root=world)) == []
    for image in (world / "images").iterdir():
        image.unlink()
    assert "10 of 10 images of fake-task are missing" in "\n".join(problems(validate(data_root=world)))
