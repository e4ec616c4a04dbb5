"""The engine of one machine: in this process, in several, and in this one again where those have died."""

from __future__ import annotations

import os

import pytest

from zsbench.interfaces import Resources, StageRecord
from zsbench.runner.local import LocalEngine
from zsbench.runner.outcome import Outcome
from zsbench.runner.process_pool import can_fork
from zsbench.runner.queue import StageQueue
from zsbench.runner.reporter import Silent
from zsbench.stages import StageContext
from zsbench.store import Store
from zsbench_stages import plan_stages


def act(stage, folder, context):
    """A stage's label says what it does."""
    if "dies" in stage.label:
        os._exit(9)
    if "fails" in stage.label:
        raise RuntimeError("on purpose")
    (folder / "made").write_text(str(os.getpid()), encoding="utf-8")
    return True


@pytest.fixture
def run(tmp_path):
    """Have stages made by a number of workers; how they went."""

    def _run(*specs, workers):
        plan = plan_stages(*specs, act=act)
        outcome = Outcome({key: StageRecord("missing") for key in plan.stages})
        work = StageQueue(plan, outcome, StageContext(Store(tmp_path)), Silent())
        LocalEngine(None).run(work, Resources("cpu", None, workers))
        assert work.unfinished == 0
        return outcome

    return _run


def made_here(outcome, label):
    """Whether this process made a stage."""
    return (outcome.outputs[label] / "made").read_text(encoding="utf-8") == str(os.getpid())


def test_one_worker_is_this_process(run):
    """A stage that fails takes down what waits for it alone."""
    outcome = run(("train", "fails", ""), ("predict", "p", ["fails"]), ("predict", "q", ""), workers=1)
    assert [outcome.stages[key].state for key in ("fails", "p", "q")] == ["failed", "skipped", "done"]
    assert made_here(outcome, "q")


def test_a_single_stage_needs_no_worker(run):
    """Whatever was asked for."""
    assert made_here(run(("train", "t", ""), workers=4), "t")


@pytest.mark.skipif(not can_fork(), reason="this system does not fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_what_is_left_when_all_workers_have_died_is_made_here(run):
    """The stages that they died of failed."""
    outcome = run(("train", "dies-1", ""), ("train", "dies-2", ""), ("predict", "z", ""), workers=2)
    assert [outcome.stages[key].state for key in ("dies-1", "dies-2", "z")] == ["failed", "failed", "done"]
    assert made_here(outcome, "z")
