"""Run folders: written whole, read back to the last bit, refused when they are something else."""

from __future__ import annotations

import json

import numpy as np
import pytest

from zsbench.errors import CorruptDataError, HashMismatchError, MissingDataError
from zsbench.metrics.rows import row_key
from zsbench.records import (
    CellResult,
    RunFolder,
    RunRecord,
    Sample,
    find_run,
    read_cells,
    read_results,
    read_run,
    read_samples,
    read_statistics,
)
from zsbench_cells import build_cell, captions_of, make_metric, reseal, scores_of, write_run

SAMPLES = [
    Sample(id="1", prediction="ünïcode", groups={"shade": "dark"}, metrics={"words": 1 / 3}),
    Sample(id="2", error="no image"),
    Sample(id="3", prediction="x", groups={"shade": "light"}),
    Sample(id="4", prediction="y", groups={"shade": "dark"}),
]
ROWS = [
    {"id": id_, "title": id_, "factor": 1.0, "n": 3, "grouping": grouping, "group": group, "score": 1.0}
    for id_ in ("words", "idf")
    for grouping, group in ((None, None), ("shade", "dark"))
]
STATISTICS = {
    "words": np.array([[1.0, 300.0], [2.0, 5.0], [3.0, 6.0]]),
    "idf": np.array([[0.1], [1 / 3], [0.3]]),
    "idf@shade=dark": np.array([[7.5], [8.5]]),
}
FACTS = {"cell": {"captioner": "c", "task": "t"}, "task_title": "T", "task_kind": "captioning", "main_metric": "words"}
NAME = "fake__fake-task__seed0"


def result(name, **changes):
    return CellResult.model_validate({**FACTS, "name": name, "n": 4, **changes})


@pytest.fixture
def folder(tmp_path):
    folder = RunFolder.create(tmp_path, "embedded")
    folder.write_cell(result("a", metrics=ROWS), SAMPLES, STATISTICS)
    folder.write_cell(result("b", status="failed", reason="x"), [])
    folder.write_run(RunRecord(started="2026-01-01T00:00:00Z", cells=("b", "a")))
    return folder


def test_results_come_back_in_the_order_of_the_run(folder):
    """The run says which cells there are, and in which order."""
    assert [row.status for row in read_results(folder.path)] == ["failed", "done"]


def test_samples_are_json_lines_with_text_and_numbers_as_they_are(folder):
    """No escapes for letters people read; every digit of a number, none of what says nothing."""
    text = (folder.path / "cells" / "a" / "samples.jsonl").read_text(encoding="utf-8")
    first = '{"id":"1","prediction":"ünïcode","groups":{"shade":"dark"},"metrics":{"words":0.3333333333333333}}'
    assert text.splitlines()[0] == first


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
    """One record an example; the cell's have a prediction."""
    assert read_samples(folder.path, "a") == SAMPLES
    assert read_samples(folder.path, "b") == []
    assert [sample.id for sample in read_cells(folder.path)[1].samples] == ["1", "3", "4"]


def test_a_cell_without_statistics_is_refused(folder):
    """A failed cell has none."""
    with pytest.raises(MissingDataError, match=r"statistics\.safetensors"):
        read_statistics(folder.path, "b")


def test_two_runs_in_one_second_have_two_folders(tmp_path):
    """A run never writes into another."""
    assert RunFolder.create(tmp_path, "x").path != RunFolder.create(tmp_path, "x").path


def test_latest_follows_the_newest(tmp_path):
    """The link moves; where links are not allowed it is a text file."""
    first, second = RunFolder.create(tmp_path, "x"), RunFolder.create(tmp_path, "x")
    first.mark_latest()
    second.mark_latest()
    assert (tmp_path / "latest").resolve() == second.path.resolve()
    (tmp_path / "latest").unlink()
    (tmp_path / "latest").write_text(f"../../{second.path.name}\n")
    assert find_run(tmp_path / "latest") == second.path


def test_paths_of_this_machine_stay_out(tmp_path):
    """Of a path the last part is kept, in settings and arguments alike; all else is as it was."""
    matrix = {"encoder": {"settings": {"model": "/models/encoder"}}, "name": "a/b", "data_root": "C:\\data\\coco"}
    command = ["run", "--set", "language_model.model=/models/lm", "/models/matrix.yaml", "--limit=3", "-c", "a/b"]
    facts = {"started": "", "cells": ["a"], "matrix": matrix, "provenance": {"command": command}}
    told = RunFolder.create(tmp_path, "x").write_run(RunRecord.model_validate(facts))
    assert told.matrix.model_dump()["encoder"] == {"settings": {"model": "encoder"}}
    assert (told.matrix.name, told.matrix.data_root) == ("a/b", ".../coco")
    expected = ("run", "--set", "language_model.model=lm", "matrix.yaml", "--limit=3", "-c", "a/b")
    assert told.provenance.command == expected


def test_a_folder_that_is_no_run_is_refused(tmp_path):
    """The message says what a run folder holds."""
    with pytest.raises(MissingDataError, match=r"run\.json"):
        read_results(tmp_path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "not JSON"),
        ("[]", "not JSON of a record"),
        (json.dumps({"schema_version": 99}), "version 99"),
        (json.dumps({"schema_version": 1}), "zsbench records migrate"),
        ("[" * 100_000, "cannot be read"),
    ],
)
def test_a_record_of_another_kind_is_refused(folder, text, message):
    """Truncated or foreign records are not taken for results; version 1 is told how to be migrated."""
    (folder.path / "cells" / "a" / "result.json").write_text(text, encoding="utf-8")
    with pytest.raises(CorruptDataError, match=message):
        read_results(folder.path)


def test_the_revision_is_the_commit_with_a_mark_for_changes(tmp_path):
    """So that uncommitted code is never mistaken for a commit."""
    cells = [build_cell(captions_of(5), scores_of(5))]
    assert read_cells(write_run(tmp_path, cells))[0].revision == "a" * 12
    assert read_cells(write_run(tmp_path, cells, dirty=True))[0].revision == "a" * 12 + "-dirty"


@pytest.mark.parametrize("name", ["../../other/cells/x", "/etc", "a/b", "..", ".hidden", "", "a\\b", "a\x00b"])
def test_a_cell_is_one_part_of_a_path(folder, name):
    """A stranger's record cannot choose what is read."""
    reseal(folder.path / "run.json", cells=[name])
    with pytest.raises(CorruptDataError, match=r"cells\.0"):
        read_run(folder.path)


def test_a_record_of_another_cell_is_refused(folder):
    """The folder and the record name the same one."""
    reseal(folder.path / "cells" / "a" / "result.json", name="b")
    with pytest.raises(CorruptDataError, match="names the cell 'b'"):
        read_results(folder.path)


@pytest.mark.parametrize("name", ["cells/a/samples.jsonl", "cells/a/result.json", "run.json", "cells/a"])
def test_a_link_is_no_part_of_a_record(folder, tmp_path, name):
    """It may lead to a private file."""
    path = folder.path / name
    path.rename(tmp_path / "elsewhere")
    path.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(CorruptDataError, match="it is a link"):
        read_cells(folder.path)


@pytest.mark.parametrize("name", ["samples.jsonl", "statistics.safetensors", "result.json"])
def test_an_edited_file_breaks_the_seal(tmp_path, name):
    """Somebody polished a caption, a count or a score."""
    run = write_run(tmp_path, [build_cell(captions_of(5), scores_of(5))])
    path = run / "cells" / NAME / name
    content = path.read_bytes()
    path.write_bytes(content.replace(b'"n": 5', b'"n": 6') if name == "result.json" else content + b" ")
    with pytest.raises(HashMismatchError, match="cut or edited") as caught:
        read_cells(run)
    assert caught.value.path == str(path)


def test_a_score_that_its_statistics_do_not_give_is_named(tmp_path):
    """A seal is no proof: whoever forges a score can seal it too."""
    run = write_run(tmp_path, [build_cell(captions_of(5), scores_of(5))])
    path = run / "cells" / NAME / "result.json"
    rows = json.loads(path.read_text("utf-8"))["metrics"]
    reseal(path, metrics=[{**rows[0], "score": 0.99}, *rows[1:]])
    assert read_cells(run)
    with pytest.raises(CorruptDataError, match="tells Exact 99, and its statistics give"):
        read_cells(run, make_metric)


def test_damaged_cells_are_left_out_and_told_in_a_line_each(tmp_path):
    """The rest is read."""
    cells = [build_cell(captions_of(5), scores_of(5), captioner=name) for name in ("a", "b", "c")]
    run = write_run(tmp_path, cells)
    (run / "cells" / cells[1][0].name / "samples.jsonl").unlink()
    damaged = []
    assert [cell.captioner for cell in read_cells(run, make_metric, damaged)] == ["a", "c"]
    assert len(damaged) == 1
    assert "b__fake-task__seed0/samples.jsonl" in damaged[0]
    assert "\n" not in damaged[0]
