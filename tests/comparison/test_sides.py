"""The sides of a comparison, read from records and from scored files."""

from __future__ import annotations

import json

import pytest

import zsbench_fakes
from zsbench.comparison import load_run_systems, pair_systems, scored_system
from zsbench.config import read_matrix
from zsbench.errors import ConfigError, MissingDataError
from zsbench.plugins import load_plugins
from zsbench.rescoring import FileScorer, ScoreRequest, write_scored
from zsbench.runner.reporter import Silent
from zsbench.runner.session import RunOptions, Session

PLUGINS = load_plugins([zsbench_fakes.FAKES])


@pytest.fixture
def run(tmp_path):
    """Run a matrix of the fakes; the run's folder."""

    def _run(**overrides):
        matrix = read_matrix(zsbench_fakes.matrix_file(), overrides)
        return Session(RunOptions(matrix, tmp_path / "results", tmp_path / "cache"), PLUGINS, Silent()).run().folder

    return _run


def test_seeds_of_a_run_are_one_system(run):
    """A system a captioner, with a cell a seed."""
    systems = load_run_systems(run(captioners=["fake", "nearest"], baseline="nearest", seeds=[1, 0]))
    assert [system.name.split()[0] for system in systems] == ["fake", "nearest"]
    assert [cell.seed for cell in systems[0].cells] == [0, 1]
    assert systems[0].main_metric == "exact"
    assert set(systems[0].cells[0].statistics) == {"words", "exact"}
    assert list(systems[0].cells[0].predictions) == list(zsbench_fakes.COLOURS)


def test_one_cell_is_named_below_its_run(run):
    """``RUN/CELL`` and ``RUN/cells/CELL`` are the same."""
    folder = run()
    name = json.loads((folder / "run.json").read_text(encoding="utf-8"))["cells"][2]
    for place in (folder / name, folder / "cells" / name):
        (system,) = load_run_systems(place)
        assert system.name.startswith("nearest")


def test_unknown_cell_lists_those_that_there_are(run):
    """A mistyped cell is answered with the names."""
    with pytest.raises(MissingDataError, match="Its cells: fake__"):
        load_run_systems(run() / "neerest")


def test_latest_that_is_a_text_file_is_followed(run, tmp_path):
    """Where links are not allowed, ``latest`` holds the name."""
    folder = run()
    latest = tmp_path / "results" / "latest"
    latest.unlink()
    latest.write_text(f"{folder.name}\n", encoding="utf-8")
    assert len(load_run_systems(latest)) == 3


def test_groups_that_a_table_shows_are_compared(run):
    """The rows of each group, with its examples."""
    system = load_run_systems(run(tasks=["fake-grouped"]))[0]
    assert system.cells[0].ids("exact@shade=dark") == ["black", "navy", "teal"]


def test_run_without_a_score_is_refused(run):
    """Every cell failed: nothing to compare."""
    with pytest.raises(ConfigError, match="No cell of"):
        load_run_systems(run(captioners=["broken"], baseline="broken"))


def test_scored_file_is_the_system_that_its_record_gives(tmp_path):
    """In memory and from records: the same examples, statistics and signatures."""
    paths = {}
    for name, content in (("refs", {"a": ["x"], "b": ["y"]}), ("said", {"b": ["y"], "a": ["z"]})):
        paths[name] = tmp_path / f"{name}.json"
        paths[name].write_text(json.dumps(content), encoding="utf-8")
    with FileScorer(PLUGINS.registry, tmp_path / "cache") as scorer:
        request = ScoreRequest(file=paths["said"], references=paths["refs"], metrics=("exact",))
        scored = scorer.score(request)
    own = scored_system(scored)
    (other,) = load_run_systems(write_scored(scored, tmp_path / "results", PLUGINS))
    assert (own.name, own.task, own.main_metric) == (other.name, other.task, other.main_metric)
    assert own.cells[0].predictions == other.cells[0].predictions
    assert own.cells[0].statistics["exact"].tolist() == other.cells[0].statistics["exact"].tolist()
    assert own.cells[0].rows["exact"]["signature"] == other.cells[0].rows["exact"]["signature"]


def test_systems_are_paired_by_name_and_task(system):
    """What has no partner is told; one against one needs no common name."""
    one, two, three = (system(name, [1.0]) for name in ("one", "two", "three"))
    pairs, alone = pair_systems([one, two], [two, three])
    assert [(a.name, b.name) for a, b in pairs] == [("two", "two")]
    assert alone == ["one on task is only in A", "three on task is only in B"]
    assert pair_systems([one], [two]) == ([(one, two)], [])
    with pytest.raises(ConfigError, match="RUN/CELL"):
        pair_systems([one, two], [three])
