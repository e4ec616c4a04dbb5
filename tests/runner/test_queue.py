"""The work of a run: what is ready, in which order, and what becomes of it."""

from __future__ import annotations

import pytest

from zsbench.interfaces import StageRecord
from zsbench.runner import queue
from zsbench.runner.outcome import Outcome
from zsbench.runner.queue import StageQueue
from zsbench.runner.reporter import Silent
from zsbench.stages import StageContext
from zsbench.store import Store
from zsbench_stages import plan_stages, write_nothing


class Told(Silent):
    """Keeps all that it is told, in order."""

    def __init__(self):
        self.heard = []

    def run_started(self, total):
        self.heard.append(("run", total))

    def stage_started(self, stage):
        self.heard.append(("started", stage.label))

    def stage_advanced(self, stage, done, total, tokens=0):
        self.heard.append(("advanced", stage.label, done, total, tokens))

    def stage_finished(self, stage, seconds):
        self.heard.append(("finished", stage.label))

    def stage_failed(self, stage, reason):
        self.heard.append(("failed", stage.label, reason))

    def remark(self, text):
        self.heard.append(("remark", text))


@pytest.fixture
def told():
    return Told()


@pytest.fixture
def work_of(tmp_path, told):
    """The work of stages given as (kind, label, labels of their inputs); those named as cached are there."""

    def _work(*specs, cached="", act=write_nothing):
        plan, store = plan_stages(*specs, act=act), Store(tmp_path)
        states = {key: StageRecord("cached" if key in cached else "missing") for key in plan.stages}
        outputs = {key: store.path(plan.stages[key].kind, key) for key in cached}
        return StageQueue(plan, Outcome(states, outputs), StageContext(store), told)

    return _work


def labels(stages):
    return [stage.label for stage in stages]


def end(work, label, record=None):
    """Start a stage and note how it went."""
    work.start(work.stage(label))
    work.finish(work.stage(label), record or StageRecord("done", 1.0))


def test_what_others_wait_for_goes_before_what_ends_a_cell(work_of):
    """By turn, whatever the order of the plan; a score frees nothing, but goes before the next cell's captions."""
    kinds = ["predict", "read", "compare", "score", "references", "image-features", "train", "gap-fit", "text-features"]
    assert [stage.kind for stage in work_of(*[(kind, kind, "") for kind in kinds]).ready()] == kinds[::-1]


def test_stages_of_one_turn_go_in_the_order_of_the_plan(work_of):
    """Cells come in table order."""
    assert labels(work_of(("predict", "b", ""), ("predict", "a", ""), ("predict", "c", "")).ready()) == ["b", "a", "c"]


def test_a_stage_is_ready_when_all_its_inputs_are_there(work_of):
    """Cached ones are; the others when they are done."""
    work = work_of(("train", "t", ""), ("references", "r", ""), ("predict", "p", "t"), ("score", "s", "pr"), cached="r")
    assert labels(work.stages) == ["t", "p", "s"]
    for label in "tps":
        assert labels(work.ready()) == [label]
        end(work, label)
    assert work.ready() == []


def test_a_started_stage_is_not_ready_and_not_finished(work_of):
    """Who asks again is given another one; the run goes on until both have a result."""
    work = work_of(("train", "a", ""), ("train", "b", ""))
    work.start(work.stage("a"))
    assert labels(work.ready()) == ["b"]
    assert work.unfinished == 2
    work.finish(work.stage("a"), StageRecord("done"))
    assert work.unfinished == 1


def test_what_waits_for_a_failed_stage_is_skipped_with_its_reason(work_of, told):
    """And what waits for that, in turn; nothing of it is started, the others go on."""
    work = work_of(("train", "t", ""), ("predict", "p", "t"), ("score", "s", "p"), ("predict", "q", ""))
    end(work, "t", StageRecord("failed", reason="no memory"))
    assert labels(work.ready()) == ["q"]
    assert {key: record.state for key, record in work.outcome.stages.items()} == {
        "t": "failed",
        "p": "skipped",
        "s": "skipped",
        "q": "missing",
    }
    assert {work.outcome.stages[key].reason for key in "tps"} == {"no memory"}
    assert told.heard[2:] == [("failed", key, "no memory") for key in "tps"]
    assert work.unfinished == 1


def test_a_stage_that_is_given_up_is_the_first_to_be_made_again(work_of):
    """It has waited longest of its turn, and is not counted twice."""
    work = work_of(("train", "a", ""), ("train", "b", ""), ("text-features", "x", ""))
    work.start(work.stage("b"))
    work.give_up(work.stage("b"))
    assert labels(work.ready()) == ["x", "b", "a"]
    assert work.unfinished == 3


def test_how_many_stages_there_are_is_told_once_and_not_before_the_first(work_of, told):
    """A reporter has threads, and workers are forked before it begins."""
    work = work_of(("train", "a", ""), ("train", "b", ""))
    assert work.ready()
    assert told.heard == []
    end(work, "a")
    end(work, "b")
    assert told.heard == [("run", 2), ("started", "a"), ("finished", "a"), ("started", "b"), ("finished", "b")]


def test_a_stage_that_is_done_has_an_output(work_of, tmp_path):
    """Where the store keeps it; one that failed has none."""
    work = work_of(("train", "a", ""), ("train", "b", ""))
    end(work, "a")
    end(work, "b", StageRecord("failed", reason="on purpose"))
    assert work.outcome.outputs == {"a": tmp_path / "train" / "a"}
    assert work.outcome.lost("ab") == "on purpose"


def test_remarks_of_a_stage_are_told_with_its_name(work_of, told):
    """Whoever made it."""
    end(work_of(("train", "a", "")), "a", StageRecord("done", remarks=("Memory ran out.",)))
    assert ("remark", "train of a: Memory ran out.") in told.heard


def busy(stage, folder, context):
    """Tell how it goes."""
    context.progress(1, 2, 30)
    context.remark(f"with {context.cores} cores")
    return True


def test_a_stage_that_is_made_here_tells_the_person_who_waits(work_of, told, monkeypatch):
    """With all cores of this process."""
    monkeypatch.setattr(queue, "count_cores", lambda: 5)
    work = work_of(("train", "a", ""), act=busy)
    assert work.make(work.stage("a")).state == "done"
    assert told.heard == [("advanced", "a", 1, 2, 30), ("remark", "train: a: with 5 cores")]


def test_a_stage_that_is_made_for_an_engine_tells_the_engine(work_of, told):
    """And has the cores that it gives."""
    work, heard = work_of(("train", "a", ""), act=busy), []
    work.make(work.stage("a"), cores=3, advance=lambda *numbers: heard.append(numbers), remark=heard.append)
    assert heard == [(1, 2, 30), "with 3 cores"]
    assert told.heard == []


def test_news_from_elsewhere_reach_the_person_who_waits(work_of, told):
    """Progress, remarks, and what a process took."""
    work = work_of(("train", "a", ""))
    work.advance(work.stage("a"), 3, 4, 5)
    work.remark("a machine joined")
    work.note_process(700)
    assert told.heard == [("advanced", "a", 3, 4, 5), ("remark", "a machine joined")]
    assert work.outcome.worker_memory == [700]
