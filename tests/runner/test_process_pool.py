"""Workers: stages side by side, and what happens when one of them dies."""

from __future__ import annotations

import os
import signal
import time

import pytest

from zsbench.interfaces import Resources, StageRecord
from zsbench.runner import process_pool
from zsbench.runner.outcome import Outcome
from zsbench.runner.process_pool import WorkerPool, can_fork
from zsbench.runner.queue import StageQueue
from zsbench.runner.reporter import Silent
from zsbench.stages import StageContext
from zsbench.store import Store
from zsbench_stages import plan_stages

pytestmark = [
    pytest.mark.skipif(not can_fork(), reason="this system does not fork"),
    pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning"),
]


class Notes(Silent):
    def __init__(self):
        self.order, self.progress, self.remarks = [], [], []

    def stage_finished(self, stage, seconds):
        self.order.append(stage.label)

    def stage_failed(self, stage, reason):
        self.order.append(f"{stage.label}: {reason}")

    def stage_advanced(self, stage, done, total, tokens=0):
        self.progress.append((stage.label, done, total))

    def remark(self, text):
        self.remarks.append(text)


def act(stage, folder, context):
    """A stage's label says what it does."""
    if "dies" in stage.label:
        os._exit(9)
    if "killed" in stage.label:
        os.kill(os.getpid(), signal.SIGKILL)
    if "fails" in stage.label:
        raise RuntimeError("on purpose")
    context.progress(1, 2)
    if "slow" in stage.label:
        context.remark("it is slow")
        time.sleep(0.2)
    found = [needed.label for needed in stage.inputs if context.output(needed).is_dir()]
    (folder / "made").write_text(f"{os.getpid()} {context.cores} {found}", encoding="utf-8")
    return True


def queue_of(specs, root):
    """What is to be made of stages given as (kind, label, labels of their inputs), all missing."""
    plan = plan_stages(*specs, act=act)
    outcome = Outcome({key: StageRecord("missing") for key in plan.stages})
    return StageQueue(plan, outcome, StageContext(Store(root)), Notes())


@pytest.fixture
def crew(tmp_path):
    """Run stages in workers; how many are left, how they went, and what was told."""

    def _crew(*specs, workers=2, scorers=0):
        work = queue_of(specs, tmp_path)
        WorkerPool(work, Resources("cpu", 1, workers, scorers)).run()
        return work.unfinished, work.outcome, work._reporter

    return _crew


def test_a_stage_starts_when_its_inputs_are_there(crew):
    """Order of the plan does not matter; inputs do."""
    left, outcome, notes = crew(("predict", "b", "a"), ("train", "a-slow", ""), ("train", "a", ""))
    assert left == 0
    assert {record.state for record in outcome.stages.values()} == {"done"}
    assert notes.order.index("a") < notes.order.index("b")
    assert "['a']" in (outcome.outputs["b"] / "made").read_text(encoding="utf-8")


def test_stages_run_in_processes_of_their_own(crew):
    """Two slow stages are made by two workers, neither of them this process."""
    _, outcome, notes = crew(("train", "slow-1", ""), ("train", "slow-2", ""))
    makers = {(place / "made").read_text(encoding="utf-8").split()[0] for place in outcome.outputs.values()}
    assert len(makers) == 2
    assert str(os.getpid()) not in makers
    assert ("slow-1", 1, 2) in notes.progress
    assert "train: slow-1: it is slow" in notes.remarks
    assert len(outcome.worker_memory) == 2


def test_scoring_is_kept_to_one_worker(crew):
    """One METEOR process serves the run."""
    _, outcome, _ = crew(*[("score", f"slow-{number}", "") for number in range(4)])
    makers = {(place / "made").read_text(encoding="utf-8").split()[0] for place in outcome.outputs.values()}
    assert len(makers) == 1


def makers(outcome, *labels):
    """The processes that made some stages."""
    return {(outcome.outputs[label] / "made").read_text(encoding="utf-8").split()[0] for label in labels}


def test_a_cell_is_scored_beside_the_next_ones_captioning(crew):
    """One process captions all cells, another one tokenises and scores all of them."""
    cells = [spec for n in "12" for spec in (("predict", f"p{n}", ""), ("score", f"s{n}", [f"p{n}", "r"]))]
    left, outcome, notes = crew(("references", "r", ""), *cells, workers=1, scorers=1)
    assert left == 0
    assert len(makers(outcome, "p1", "p2")) == len(makers(outcome, "r", "s1", "s2")) == 1
    assert makers(outcome, "p1") != makers(outcome, "s1")
    assert len(notes.order) == 5


def test_a_scorer_that_dies_leaves_its_work_to_the_captioning_process(crew):
    """What is left is scored there."""
    left, outcome, _ = crew(
        ("score", "dies", ""), ("predict", "slow", ""), ("score", "s", ["slow"]), workers=1, scorers=1
    )
    assert left == 0
    assert makers(outcome, "slow") == makers(outcome, "s")


def test_a_captioning_process_that_dies_leaves_its_work_to_the_scorer(crew):
    """It captions then, too."""
    left, outcome, _ = crew(
        ("predict", "dies", ""), ("references", "slow", ""), ("predict", "p", ""), workers=1, scorers=1
    )
    assert left == 0
    assert makers(outcome, "slow") == makers(outcome, "p")


def test_a_failed_stage_takes_down_what_waits_for_it(crew):
    """The others are made."""
    left, outcome, _ = crew(("train", "fails", ""), ("predict", "x", ["fails"]), ("predict", "y", ""))
    assert left == 0
    assert [outcome.stages[key].state for key in ("fails", "x", "y")] == ["failed", "skipped", "done"]
    assert outcome.stages["x"].reason == "RuntimeError: on purpose"


@pytest.mark.parametrize(("end", "code"), [("dies", 9), ("killed", -9)])
def test_a_worker_that_dies_fails_its_stage_alone(crew, end, code):
    """The other worker goes on, and the reason says what to do."""
    left, outcome, _ = crew(("train", end, ""), ("train", "slow", ""), ("predict", "z", ["slow"]))
    assert left == 0
    assert outcome.stages[end].state == "failed"
    assert f"worker process died (exit code {code})" in outcome.stages[end].reason
    assert "run the same command again" in outcome.stages[end].reason
    assert outcome.stages["z"].state == "done"


def test_a_worker_that_dies_idle_costs_no_stage(crew, monkeypatch):
    """What could not be handed to it is made by another."""
    forked = WorkerPool._fork

    def fork(self, resources):
        worker = forked(self, resources)
        if not getattr(self, "killed", False):
            self.killed = True
            worker.process.kill()
            worker.process.join()
        return worker

    monkeypatch.setattr(WorkerPool, "_fork", fork)
    left, outcome, _ = crew(("train", "a", ""), ("train", "b", ""), ("predict", "c", ["a"]))
    assert left == 0
    assert {outcome.stages[key].state for key in "abc"} == {"done"}


def test_what_is_left_when_every_worker_died_stays_to_be_made(crew):
    """The engine makes it itself."""
    left, outcome, _ = crew(("train", "dies-1", ""), ("train", "dies-2", ""), ("predict", "z", ""))
    assert left == 1
    assert outcome.stages["z"].state == "missing"


@pytest.mark.parametrize(("kind", "expected"), [("train", ["torch"]), ("predict", ["torch"]), ("score", [])])
def test_torch_is_loaded_once_and_only_for_stages_that_compute(tmp_path, monkeypatch, kind, expected):
    """By the process that is forked, which then shares it."""
    loaded = []
    work = queue_of([("compare", "c", ""), (kind, "k", "")], tmp_path)
    monkeypatch.setattr("importlib.import_module", loaded.append)
    WorkerPool(work, Resources(workers=0))
    assert loaded == expected


def test_workers_without_torch_still_work(crew, monkeypatch):
    def refuse(name):
        raise ImportError(name)

    monkeypatch.setattr("importlib.import_module", refuse)
    _, outcome, _ = crew(("predict", "a", ""), ("predict", "b", ""))
    assert {record.state for record in outcome.stages.values()} == {"done"}


def test_workers_share_the_cores(crew, monkeypatch):
    """Each may use its part of them, whatever it computes with."""
    monkeypatch.setattr(process_pool, "count_cores", lambda: 7)
    _, outcome, _ = crew(("train", "a", ""), ("train", "b", ""), workers=3)
    assert {(place / "made").read_text(encoding="utf-8").split()[1] for place in outcome.outputs.values()} == {"2"}
