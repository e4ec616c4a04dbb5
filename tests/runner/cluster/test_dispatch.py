"""Stages that are handed out, lost and begun again; without Ray."""

from __future__ import annotations

import pytest

from zsbench.errors import ConfigError
from zsbench.plan import Stage
from zsbench.plugins import load_plugins
from zsbench.runner.cluster import dispatch
from zsbench.runner.cluster.dispatch import RETRIES, Dispatch, Lost
from zsbench.runner.cluster.environment import Refusal
from zsbench.runner.cluster.worker import Made
from zsbench.runner.outcome import Outcome, StageRecord
from zsbench.runner.workbench import Workbench
from zsbench.store import Store


class Nodes:
    """Makes stages when they are collected, in the order sent; a stage's label says what becomes of it."""

    def __init__(self, store):
        self.store, self.sent, self.most = store, [], 0
        self.stages, self.progress, self.impossible = {}, {}, None

    def send(self, stage):
        self.sent.append(stage.label)
        self.stages[stage.key] = stage
        return stage.key

    def collect(self, tasks, seconds):
        self.most = max(self.most, len(tasks))
        return [(task, self.become(self.stages[task])) for task in tasks[:1]]

    def become(self, stage):
        if "lost" in stage.label and (self.sent.count(stage.label) <= 1 or "always" in stage.label):
            return Lost("its node died")
        if "refused" in stage.label:
            return Refusal("Node b has torch 1.", "It has torch 2.", "Install it.")
        if "fails" in stage.label:
            return Made(StageRecord("failed", reason="on purpose"), "a/1", 5)
        self.store.partial(stage.kind, stage.key)
        self.store.commit(stage.kind, stage.key, {}, seconds=0.1)
        return Made(StageRecord("done", 0.1), "a/1", 7)

    def read_progress(self):
        said, self.progress = self.progress, {}
        return said

    def find_impossible(self, stages):
        return next((stage for stage in stages if stage.label == self.impossible), None)


class Stuck(Nodes):
    """Makes nothing."""

    def collect(self, tasks, seconds):
        return []


@pytest.fixture
def make_dispatch(tmp_path, notes):
    """Dispatch stages given as (kind, label, labels of its inputs)."""

    def _make(*specs, most=None):
        store = Store(tmp_path)
        stages = [Stage(kind, label, label, tuple(inputs), {}, None) for kind, label, inputs in specs]
        outcome = Outcome(stages={stage.key: StageRecord("missing") for stage in stages})
        return Dispatch(stages, Workbench(store, load_plugins([]).registry), notes, outcome, most), store

    return _make


def test_a_stage_is_sent_when_its_inputs_are_there(make_dispatch):
    """What most others wait for goes first."""
    work, store = make_dispatch(("predict", "c", ["a"]), ("score", "b", []), ("train", "a", []))
    nodes = Nodes(store)
    work.run(nodes)
    assert nodes.sent == ["a", "b", "c"]
    assert {record.state for record in work.outcome.stages.values()} == {"done"}
    assert work.outcome.worker_memory == [7]


def test_no_more_than_asked_for_are_sent_at_once(make_dispatch):
    """As `--workers` says."""
    work, store = make_dispatch(*[("train", str(number), []) for number in range(4)], most=2)
    nodes = Nodes(store)
    work.run(nodes)
    assert nodes.most == 2


def test_a_failed_stage_takes_down_what_waits_for_it(make_dispatch, notes):
    """As with the local engine."""
    work, store = make_dispatch(("train", "fails", []), ("predict", "x", ["fails"]), ("predict", "y", []))
    work.run(Nodes(store))
    assert [work.outcome.stages[key].state for key in ("fails", "x", "y")] == ["failed", "skipped", "done"]
    assert notes.failed == [("train", "on purpose"), ("predict", "on purpose")]


def test_a_lost_stage_is_begun_again_and_told(make_dispatch, notes):
    """It started once, as far as a reader is concerned."""
    work, store = make_dispatch(("train", "lost", []), ("predict", "x", ["lost"]))
    nodes = Nodes(store)
    nodes.progress = {"lost": (1, 2, 0)}
    work.run(nodes)
    assert nodes.sent == ["lost", "lost", "x"]
    assert notes.remarks == ["train: lost is begun again where it was: its node died."]
    assert notes.started.count("lost") == 1
    assert work.outcome.stages["x"].state == "done"


def test_a_stage_that_is_lost_again_and_again_fails(make_dispatch):
    """It may be the stage that kills its worker."""
    work, store = make_dispatch(("train", "lost always", []), ("train", "y", []))
    nodes = Nodes(store)
    work.run(nodes)
    assert nodes.sent.count("lost always") == RETRIES + 1
    assert "lost 4 times, at last because its node died" in work.outcome.stages["lost always"].reason
    assert work.outcome.stages["y"].state == "done"


def test_a_node_that_must_not_take_part_stops_the_run(make_dispatch):
    """In three sentences."""
    work, store = make_dispatch(("train", "refused", []))
    with pytest.raises(ConfigError, match=r"Node b has torch 1\. It has torch 2\. Install it\."):
        work.run(Nodes(store))


def test_what_is_not_seen_from_here_is_not_done(make_dispatch, monkeypatch):
    """A worker that wrote elsewhere has made nothing."""
    monkeypatch.setattr(dispatch, "is_shared", lambda store, kind, key: False)
    work, store = make_dispatch(("train", "a", []))
    work.run(Nodes(store))
    assert work.outcome.stages["a"].state == "failed"
    assert "is not seen here" in work.outcome.stages["a"].reason


def test_a_stage_that_no_node_has_room_for_is_waited_for_and_then_refused(make_dispatch, notes, monkeypatch):
    """A cluster may grow; one that does not, does not hang the run."""
    monkeypatch.setattr(dispatch, "TOLD_AFTER", 0.0)
    monkeypatch.setattr(dispatch, "PATIENCE", 0.05)
    work, store = make_dispatch(("train", "a", []))
    nodes = Stuck(store)
    nodes.impossible = "a"
    with pytest.raises(ConfigError, match="ray status"):
        work.run(nodes)
    assert notes.remarks == ["No node has room for train: a. One is waited for."]
