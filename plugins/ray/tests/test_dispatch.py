"""Stages that are handed out, lost and begun again; without Ray."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import SimpleNamespace

import pytest

from zsbench.errors import ConfigError
from zsbench.interfaces import StageRecord
from zsbench.runner.outcome import Outcome
from zsbench.runner.queue import StageQueue
from zsbench.stages import StageContext
from zsbench_ray import dispatch
from zsbench_ray.dispatch import RETRIES, Dispatch, Lost
from zsbench_ray.node import Refusal, StageResult
from zsbench_ray.shared_store import SharedStore

TURNS = {"train": 0, "predict": 1, "score": 2}


@dataclass(frozen=True)
class FakeStage:
    """What an engine sees of a stage; its label is its key."""

    kind: str
    label: str
    input_keys: tuple[str, ...] = ()

    @property
    def key(self):
        return self.label

    @property
    def turn(self):
        return TURNS[self.kind]


@dataclass
class Nodes:
    """Makes stages when they are collected, in the order sent; a stage's label says what becomes of it."""

    store: SharedStore
    sent: list[str] = field(default_factory=list)
    most: int = 0
    stages: dict[str, FakeStage] = field(default_factory=dict)
    progress: dict[str, tuple[int, int, int]] = field(default_factory=dict)
    impossible: str | None = None

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
            return StageResult(StageRecord("failed", reason="on purpose"), "a/1", 5, ("a word",))
        self.store.partial(stage.kind, stage.key)
        self.store.commit(stage.kind, stage.key, {}, seconds=0.1)
        return StageResult(StageRecord("done", 0.1), "a/1", 7)

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

    def _make(*specs, most=None, nodes=Nodes):
        store = SharedStore(tmp_path)
        stages = {label: FakeStage(kind, label, tuple(inputs)) for kind, label, inputs in specs}
        outcome = Outcome(stages={key: StageRecord("missing") for key in stages})
        work = StageQueue(SimpleNamespace(stages=stages), outcome, StageContext(store), notes)
        return Dispatch(work, nodes(store), store, most)

    return _make


def states_of(dispatched):
    """How each stage ended."""
    return {key: record.state for key, record in dispatched.work.outcome.stages.items()}


def test_a_stage_is_sent_when_its_inputs_are_there(make_dispatch):
    """What most others wait for goes first; processes' memory is noted."""
    sent = make_dispatch(("predict", "c", ["a"]), ("score", "b", []), ("train", "a", []))
    sent.run()
    assert sent.cluster.sent == ["a", "b", "c"]
    assert set(states_of(sent).values()) == {"done"}
    assert sent.work.outcome.worker_memory == [7]


def test_no_more_than_asked_for_are_sent_at_once(make_dispatch):
    """As `--workers` says."""
    sent = make_dispatch(*[("train", str(number), []) for number in range(4)], most=2)
    sent.run()
    assert sent.cluster.most == 2


def test_a_failed_stage_takes_down_what_waits_for_it(make_dispatch, notes):
    """As with the local engine; what its worker had to say is told."""
    sent = make_dispatch(("train", "fails", []), ("predict", "x", ["fails"]), ("predict", "y", []))
    sent.run()
    assert states_of(sent) == {"fails": "failed", "x": "skipped", "y": "done"}
    assert notes.failed == [("train", "on purpose"), ("predict", "on purpose")]
    assert notes.remarks == ["train: fails: a word"]


def test_a_lost_stage_is_begun_again_and_told(make_dispatch, notes):
    """It started once, as far as a reader is concerned."""
    sent = make_dispatch(("train", "lost", []), ("predict", "x", ["lost"]))
    sent.cluster.progress = {"lost": (1, 2, 0)}
    sent.run()
    assert sent.cluster.sent == ["lost", "lost", "x"]
    assert notes.remarks == ["train: lost is begun again where it was: its node died."]
    assert notes.started.count("lost") == 1
    assert states_of(sent)["x"] == "done"


def test_a_stage_that_is_lost_again_and_again_fails(make_dispatch):
    """It may be the stage that kills its worker."""
    sent = make_dispatch(("train", "lost always", []), ("train", "y", []))
    sent.run()
    assert sent.cluster.sent.count("lost always") == RETRIES + 1
    assert "lost 4 times, at last because its node died" in sent.work.outcome.stages["lost always"].reason
    assert states_of(sent)["y"] == "done"


def test_a_stage_that_waits_for_room_has_not_started(make_dispatch, notes):
    """A worker says that it begins; what it says after that is passed on."""
    told = []
    notes.advanced = lambda stage, done: told.append((stage.key, done))
    sent = make_dispatch(("train", "a", []), ("train", "b", []), nodes=Stuck)
    sent._send_ready()
    sent._listen({"a": (0, 0, 0)})
    assert notes.started == ["a"]
    sent._listen({"a": (1, 2, 0)})
    sent._send_ready()
    assert (notes.started, told, sent.cluster.sent) == (["a"], [("a", 1)], ["a", "b"])


def test_a_node_that_must_not_take_part_stops_the_run(make_dispatch):
    """In three sentences."""
    with pytest.raises(ConfigError, match=r"Node b has torch 1\. It has torch 2\. Install it\."):
        make_dispatch(("train", "refused", [])).run()


def test_what_is_not_seen_from_here_is_not_done(make_dispatch, monkeypatch):
    """A worker that wrote elsewhere has made nothing."""
    monkeypatch.setattr(SharedStore, "is_shared", lambda store, kind, key: False)
    sent = make_dispatch(("train", "a", []))
    sent.run()
    assert states_of(sent) == {"a": "failed"}
    assert "is not seen here" in sent.work.outcome.stages["a"].reason


def test_a_stage_that_no_node_has_room_for_is_waited_for_and_then_refused(make_dispatch, notes, monkeypatch):
    """A cluster may grow; one that does not, does not hang the run."""
    monkeypatch.setattr(dispatch, "TOLD_AFTER", 0.0)
    monkeypatch.setattr(dispatch, "PATIENCE", 0.05)
    sent = make_dispatch(("train", "a", []), nodes=Stuck)
    sent.cluster.impossible = "a"
    with pytest.raises(ConfigError, match="ray status"):
        sent.run()
    assert notes.remarks == ["No node has room for train: a. One is waited for."]
