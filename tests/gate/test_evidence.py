"""Evidence: what is known of a cell, wherever its record lies."""

from __future__ import annotations

import pytest

from zsbench.errors import CorruptDataError, MissingDataError
from zsbench.gate import read_run_evidence
from zsbench.gate.evidence import find_run
from zsbench_cells import build_cell, captions_of, scores_of, write_run


def test_latest_may_be_a_text_file(tmp_path):
    """Where links are not allowed."""
    run = write_run(tmp_path, [build_cell(captions_of(5), scores_of(5))])
    (tmp_path / "latest").unlink()
    (tmp_path / "latest").write_text(run.name + "\n")
    assert find_run(tmp_path / "latest") == run
    assert len(read_run_evidence(tmp_path / "latest")) == 1


@pytest.mark.parametrize(("dirty", "revision"), [(False, "a" * 12), (True, "a" * 12 + "-dirty")])
def test_the_revision_is_the_commit_with_a_mark_for_changes(tmp_path, dirty, revision):
    """So that uncommitted code is never mistaken for a commit."""
    run = write_run(tmp_path, [build_cell(captions_of(5), scores_of(5))], dirty=dirty)
    assert read_run_evidence(run)[0].revision == revision


def test_unreadable_examples_are_not_samples(tmp_path):
    """They have no row of statistics."""
    result, samples, statistics = build_cell(captions_of(5), scores_of(5))
    run = write_run(tmp_path, [(result, [{"id": "x", "error": "cut"}, *samples], statistics)])
    assert list(read_run_evidence(run)[0].predictions) == list("01234")


def test_broken_statistics_are_an_error_of_the_tree(tmp_path):
    """The file is named."""
    run = write_run(tmp_path, [build_cell(captions_of(5), scores_of(5))])
    path = run / "cells" / "fake__fake-task__seed0" / "statistics.safetensors"
    path.write_bytes(path.read_bytes()[:-8])
    with pytest.raises(CorruptDataError, match="cannot be read") as caught:
        read_run_evidence(run)
    assert caught.value.path == str(path)
    path.unlink()
    with pytest.raises(MissingDataError, match=r"statistics\.safetensors"):
        read_run_evidence(run)
