"""Result files: written whole, read back, refused when they are something else."""

from __future__ import annotations

import json

import pytest

from zsbench.errors import CorruptDataError, MissingDataError
from zsbench.records import RunFolder, read_results


@pytest.fixture
def folder(tmp_path):
    folder = RunFolder.create(tmp_path, "embedded")
    folder.write_cell("a", {"status": "done", "score": 0.5}, [{"id": "1", "prediction": "ünïcode"}])
    folder.write_cell("b", {"status": "failed"}, [])
    folder.write_run({"cells": ["b", "a"]})
    return folder


def test_results_come_back_in_the_order_of_the_run(folder):
    """The run says which cells there are, and in which order."""
    assert [row["status"] for row in read_results(folder.path)] == ["failed", "done"]


def test_samples_are_json_lines_with_text_as_it_is(folder):
    """No escapes for letters people read."""
    text = (folder.path / "cells" / "a" / "samples.jsonl").read_text(encoding="utf-8")
    assert text == '{"id":"1","prediction":"ünïcode"}\n'


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
