"""One stage: made under its lock, committed whole, and whatever goes wrong is recorded."""

from __future__ import annotations

import json

import pytest

from zsbench.errors import CorruptDataError
from zsbench.runner.execution import make_stage
from zsbench.stages import StageContext
from zsbench.store import Store
from zsbench_stages import FakeStage


@pytest.fixture
def context(tmp_path):
    return StageContext(Store(tmp_path))


def write(stage, folder, context):
    """One file more with each call in the same folder."""
    (folder / f"{len(list(folder.iterdir()))}.txt").write_text("x", encoding="utf-8")
    return "final" in stage.label


def test_an_output_is_kept_with_what_it_depends_on(context):
    """And with its name, so that a change can be told later."""
    stage = FakeStage(label="final", act=write)
    assert make_stage(stage, context).state == "done"
    told = json.loads((context.output(stage) / "entry.json").read_text(encoding="utf-8"))
    assert (told["kind"], told["key"], told["label"]) == ("train", "final", "final")
    assert told["material"] == stage.depends_on
    assert list(told["files"]) == ["0.txt"]


def test_what_another_process_has_made_is_taken(context):
    """With the seconds that it took there."""
    stage = FakeStage(label="final", act=write)
    (context.store.partial("train", "final") / "theirs").write_text("y", encoding="utf-8")
    context.store.commit("train", "final", {}, seconds=7.5)
    assert make_stage(stage, context).seconds == 7.5
    assert not (context.output(stage) / "0.txt").exists()


def test_an_output_that_is_not_final_is_made_again(context):
    """The next time somebody asks."""
    stage = FakeStage(label="for now", act=write)
    make_stage(stage, context)
    (context.output(stage) / "0.txt").write_text("old", encoding="utf-8")
    assert make_stage(stage, context).state == "done"
    assert (context.output(stage) / "0.txt").read_text(encoding="utf-8") == "x"


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (RuntimeError("on purpose"), "RuntimeError: on purpose"),
        (CorruptDataError("It is torn.", "It is whole.", "Get it again."), "It is torn. It is whole. Get it again."),
    ],
)
def test_a_failure_is_recorded_and_what_is_finished_stays(context, error, reason):
    """Errors of our own speak for themselves; the next run goes on from the partial folder."""

    def fail(stage, folder, context):
        write(stage, folder, context)
        raise error

    stage = FakeStage(label="final", act=fail)
    record = make_stage(stage, context)
    assert (record.state, record.reason) == ("failed", reason)
    assert "in fail" in record.traceback
    assert context.store.find("train", "final") is None
    assert [path.name for path in context.store.partial("train", "final").iterdir()] == ["0.txt"]
