"""Who failed: cells, comparisons, runs."""

from __future__ import annotations

import json

import pytest

from zsbench.cli.report import result_text
from zsbench.interfaces import StageRecord
from zsbench.judgement.failures import choose_exit_code, find_failure
from zsbench.stages import Comparison
from zsbench_cells import build_cell
from zsbench_sessions import notes, session

__all__ = ["notes", "session"]


def test_the_first_lost_stage_is_the_reason():
    """One that was skipped says why what it waits for failed."""
    stages = [("predict", StageRecord("done")), ("score", StageRecord("skipped", reason="no memory"))]
    found = find_failure(stages)
    assert (found.stage, found.reason) == ("score", "no memory")
    assert find_failure(stages[:1]) is None


@pytest.mark.parametrize(
    ("result", "code"),
    [
        ({}, 0),
        ({"status": "failed"}, 4),
        ({"comparison_failed": "late"}, 4),
    ],
)
def test_a_run_fails_with_a_cell_or_a_comparison(result, code):
    """Exit code 4 says that something is missing."""
    done, _, _ = build_cell({"1": "a dog"}, [1.0])
    assert choose_exit_code([done, done.model_copy(update=result)]) == code


def test_a_comparison_that_failed_is_told_where_its_sign_would_be(session, monkeypatch):
    """In the record, in the table, in what the run prints, and by the exit code; the scores stand."""

    def fail(self, folder, context):
        raise RuntimeError("broken on purpose")

    monkeypatch.setattr(Comparison, "run", fail)
    result = session(captioners=["fake", "nearest"], baseline="nearest").run()
    assert result.exit_code == 4
    record = json.loads((result.folder / "cells" / result.results[0].name / "result.json").read_text("utf-8"))
    assert record["status"] == "done"
    assert "broken on purpose" in record["comparison_failed"]
    assert result.results[1].comparison_failed == ""
    assert "not compared with the baseline, for the comparison failed" in result.table
    assert "broken on purpose" in result.table
    assert "| failed (1) |" in " ".join(result.table.split())
    assert f"NOT COMPARED {result.results[0].name} (compare): " in result_text(result)


def test_a_failed_baseline_is_told_beside_every_other_score(session):
    """Nothing could be compared with it."""
    result = session(captioners=["broken", "nearest"], baseline="broken").run()
    assert "broken on purpose" in result.results[1].comparison_failed
