"""Result files: written whole, read back, refused when they are something else."""

from __future__ import annotations

import json

import numpy as np
import pytest

from zsbench.errors import CorruptDataError, MissingDataError
from zsbench.metrics.rows import row_key
from zsbench.records import RunFolder, read_results, read_samples, read_statistics

SAMPLES = [
    {"id": "1", "prediction": "ünïcode", "groups": {"shade": "dark"}},
    {"id": "2", "error": "no image"},
    {"id": "3", "prediction": "x", "groups": {"shade": "light"}},
    {"id": "4", "prediction": "y", "groups": {"shade": "dark"}},
]
ROWS = [
    {"id": "words", "grouping": None, "group": None},
    {"id": "words", "grouping": "shade", "group": "dark"},
    {"id": "idf", "grouping": None, "group": None},
    {"id": "idf", "grouping": "shade", "group": "dark"},
]
STATISTICS = {
    "words": np.array([[1.0, 300.0], [2.0, 5.0], [3.0, 6.0]]),
    "idf": np.array([[0.1], [1 / 3], [0.3]]),
    "idf@shade=dark": np.array([[7.5], [8.5]]),
}


@pytest.fixture
def folder(tmp_path):
    folder = RunFolder.create(tmp_path, "embedded")
    folder.write_cell({"name": "a", "status": "done", "metrics": ROWS}, SAMPLES, STATISTICS)
    folder.write_cell({"name": "b", "status": "failed"}, [])
    folder.write_run({"cells": ["b", "a"]})
    return folder


def test_results_come_back_in_the_order_of_the_run(folder):
    """The run says which cells there are, and in which order."""
    assert [row["status"] for row in read_results(folder.path)] == ["failed", "done"]


def test_samples_are_json_lines_with_text_as_it_is(folder):
    """No escapes for letters people read."""
    text = (folder.path / "cells" / "a" / "samples.jsonl").read_text(encoding="utf-8")
    assert text.splitlines()[0] == '{"id":"1","prediction":"ünïcode","groups":{"shade":"dark"}}'


def test_statistics_come_back_to_the_last_bit(folder):
    """Counts are kept narrow, fractions whole."""
    found = read_statistics(folder.path, "a")
    for name, array in STATISTICS.items():
        assert np.array_equal(found[name], array)


def test_statistics_of_a_group_are_rows_of_the_whole_unless_kept(folder):
    """Unreadable examples have no row."""
    found = read_statistics(folder.path, "a")
    assert found[row_key("words", "shade", "dark")].tolist() == [[1.0, 300.0], [3.0, 6.0]]
    assert found[row_key("idf", "shade", "dark")].tolist() == [[7.5], [8.5]]


def test_samples_come_back(folder):
    """One dictionary an example."""
    assert read_samples(folder.path, "a") == SAMPLES
    assert read_samples(folder.path, "b") == []


def test_a_cell_without_statistics_is_refused(folder):
    """A failed cell has none."""
    with pytest.raises(MissingDataError, match=r"statistics\.safetensors"):
        read_statistics(folder.path, "b")


def test_two_runs_in_one_second_have_two_folders(tmp_path):
    """A run never writes into another."""
    assert RunFolder.create(tmp_path, "x").path != RunFolder.create(tmp_path, "x").path


def test_latest_follows_the_newest(tmp_path):
    """The link moves."""
    first, second = RunFolder.create(tmp_path, "x"), RunFolder.create(tmp_path, "x")
    first.mark_latest()
    second.mark_latest()
    assert (tmp_path / "latest").resolve() == second.path.resolve()


def test_a_folder_that_is_no_run_is_refused(tmp_path):
    """The message says what a run folder holds."""
    with pytest.raises(MissingDataError, match=r"run\.json"):
        read_results(tmp_path)


@pytest.mark.parametrize(("text", "message"), [("{", "not JSON"), (json.dumps({"schema_version": 99}), "version 99")])
def test_a_record_of_another_kind_is_refused(folder, text, message):
    """Truncated or foreign records are not taken for results."""
    (folder.path / "cells" / "a" / "result.json").write_text(text, encoding="utf-8")
    with pytest.raises(CorruptDataError, match=message):
        read_results(folder.path)
