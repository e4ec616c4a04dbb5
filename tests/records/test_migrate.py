"""Records of version 1 become records of version 2, without a caption or a score changed."""

from __future__ import annotations

import gzip
import json

import pytest

from zsbench.errors import CorruptDataError, MissingDataError
from zsbench.records import read_baselines, read_cells, read_history, read_run
from zsbench.records.migrate import migrate_results
from zsbench.records.seal import hash_bytes, seal_document
from zsbench_cells import build_cell, captions_of, make_metric, scores_of, write_run

ADDED = ("sha256", "seal", "supervision", "comparison_failed", "failed_stage", "reason")
GIT = {"commit": "b" * 40, "dirty": False}


def old_result(path):
    """A ``result.json`` as version 1 wrote it."""
    document = json.loads(path.read_text("utf-8"))
    return {**{key: value for key, value in document.items() if key not in ADDED}, "schema_version": 1}


@pytest.fixture
def old_run(tmp_path):
    """A run folder as version 1 wrote it."""
    run = write_run(
        tmp_path / "results",
        [
            build_cell(captions_of(20), scores_of(20)),
            build_cell({}, [], captioner="x", status="failed", reason="no", metrics=[]),
        ],
    )
    for path in run.glob("cells/*/result.json"):
        document = old_result(path)
        if document["status"] == "failed":
            document |= {"reason": "no", "failed_stage": "predict"}
        path.write_text(json.dumps(document))
    path = run / "run.json"
    document = json.loads(path.read_text("utf-8"))
    kept = {key: document[key] for key in ("started", "cells", "matrix")}
    provenance = {"packages": {"zsbench": "0.1"}, "git": GIT, "processor": "p"}
    path.write_text(json.dumps({**kept, "schema_version": 1, "provenance": provenance}))
    return run


def write_old_baseline(results, run, revision, started):
    """A baseline as version 1 wrote it."""
    cell = run / "cells" / "fake__fake-task__seed0"
    folder = results / "baselines" / cell.name / revision
    folder.mkdir(parents=True)
    files = {
        "result.json": (cell / "result.json").read_bytes(),
        "samples.jsonl.gz": gzip.compress((cell / "samples.jsonl").read_bytes()),
        "statistics.safetensors.gz": gzip.compress((cell / "statistics.safetensors").read_bytes()),
    }
    for name, content in files.items():
        (folder / name).write_bytes(content)
    note = {
        "schema_version": 1,
        "revision": revision,
        "started": started,
        "run": {"matrix": {"name": "m", "data_root": "fake-world"}, "provenance": {"git": GIT}},
        "sha256": {name: hash_bytes(content) for name, content in files.items()},
    }
    (folder / "baseline.json").write_text(json.dumps({**note, "seal": seal_document(note)}))
    return folder


def test_a_run_is_refused_before_and_read_after(old_run):
    """The remedy is the command; samples and statistics stay as they are, to the last byte."""
    with pytest.raises(CorruptDataError, match=f"zsbench records migrate {old_run.parent}"):
        read_run(old_run)
    kept = {path: path.read_bytes() for path in old_run.glob("cells/*/*") if path.name != "result.json"}
    scores = json.loads(next(old_run.glob("cells/fake*/result.json")).read_text("utf-8"))["metrics"]
    done = migrate_results(old_run.parent)
    assert (done.runs, done.problems) == (1, [])
    cells = read_cells(old_run, make_metric)
    assert [row.model_dump() for row in cells[0].result.metrics] == scores
    assert (cells[0].revision, cells[0].result.supervision, cells[1].result.reason) == ("b" * 12, "text", "no")
    assert {path: path.read_bytes() for path in kept} == kept
    assert migrate_results(old_run.parent).runs == 0


def test_of_baselines_the_newest_stays_and_all_scores(old_run):
    """One folder a cell, one small file of history."""
    results = old_run.parent
    for number, revision in ((1, "bbb"), (3, "aaa"), (2, "ccc")):
        write_old_baseline(results, old_run, revision, f"2026-01-0{number}T00:00:00Z")
    done = migrate_results(results)
    assert (done.baselines, done.history, done.problems) == (1, 2, [])
    [cell] = read_baselines(results, make_metric)
    assert (cell.revision, len(cell.predictions)) == ("aaa", 20)
    assert [row.revision for row in read_history(results)] == ["bbb", "ccc", "aaa"]
    assert sum(path.is_file() for path in (results / "baselines").rglob("*")) == 3


def test_what_is_damaged_is_told_and_left_as_it_is(old_run):
    """An old seal counts; the rest is migrated."""
    folder = write_old_baseline(old_run.parent, old_run, "aaa", "2026-01-01T00:00:00Z")
    (folder / "samples.jsonl.gz").write_bytes(b"x")
    done = migrate_results(old_run.parent)
    assert (done.runs, done.baselines, len(done.problems)) == (1, 0, 1)
    assert "samples.jsonl.gz" in done.problems[0]
    assert (folder / "baseline.json").is_file()


def test_a_cell_that_leads_elsewhere_is_not_followed(old_run):
    """A record of version 1 chooses no path either."""
    path = old_run / "run.json"
    path.write_text(json.dumps({**json.loads(path.read_text("utf-8")), "cells": ["../../other/cells/x"]}))
    done = migrate_results(old_run.parent)
    assert done.runs == 0
    assert "cells" in done.problems[0]


def test_a_folder_that_is_not_there_is_an_error_of_the_tree(tmp_path):
    """It is named."""
    with pytest.raises(MissingDataError, match="nowhere"):
        migrate_results(tmp_path / "nowhere")
