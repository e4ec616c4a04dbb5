"""Sends stages to a cluster as they become ready, and again when a node or a worker is lost."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from zsbench.errors import ConfigError
from zsbench.interfaces import StageRecord, StageView, Work
from zsbench_ray.node import Refusal, StageResult
from zsbench_ray.shared_store import SharedStore

__all__ = ["Cluster", "Dispatch", "Lost", "Task"]

RETRIES = 3
"""How often a stage is begun again after its worker or node was lost."""
WAIT_SECONDS = 0.3
TOLD_AFTER = 10.0
"""Seconds without anything going on after which is told what is waited for."""
PATIENCE = 600.0
"""Seconds that a stage waits for a node with room for it, so that a cluster may grow."""

Task = Hashable
"""A stage that a cluster was given; the cluster knows what it is."""


@dataclass(frozen=True)
class Lost:
    """A task that has no result.

    Attributes:
        reason: Why: its worker or its node died, or memory ran out.
    """

    reason: str


class Cluster(Protocol):
    """Where tasks are made."""

    def send(self, stage: StageView) -> Task:
        """Have a stage made, when and where there is room."""

    def collect(self, tasks: Iterable[Task], seconds: float) -> list[tuple[Task, StageResult | Refusal | Lost]]:
        """The tasks that ended; waits up to some seconds for one."""

    def read_progress(self) -> Mapping[str, tuple[int, int, int]]:
        """Done, total and tokens of each stage that said something since the last time."""

    def find_impossible(self, stages: Iterable[StageView]) -> StageView | None:
        """A stage that no node has room for, if there is one."""


@dataclass
class _SentStage:
    """A stage that was sent, and whether a worker has said that it begins."""

    stage: StageView
    started: bool = False


class Dispatch:
    """One run's stages on their way.

    Args:
        work: What must be made.
        cluster: Where.
        store: Where outputs are seen from here.
        most: Stages that may be made at once; None for as many as there is room for.
    """

    def __init__(self, work: Work, cluster: Cluster, store: SharedStore, most: int | None = None) -> None:
        self.work = work
        self.cluster = cluster
        self.store = store
        self.most = most or work.unfinished
        self.sent: dict[Task, _SentStage] = {}
        self.losses: Counter[str] = Counter()
        self.memory: dict[str, int] = {}
        self.told = False
        self.quiet_since = time.monotonic()

    def run(self) -> None:
        """Go on until nothing is left.

        Raises:
            ConfigError: A worker must not take part, or no node has room for a stage.
        """
        while self.work.unfinished:
            self._send_ready()
            for task, result in self.cluster.collect(list(self.sent), WAIT_SECONDS):
                self._take(self.sent.pop(task), result)
            self._listen(self.cluster.read_progress())
            self._check_patience()
        for memory in self.memory.values():
            self.work.note_process(memory)

    def _send_ready(self) -> None:
        """Send what has all its inputs; until a worker says that it begins, a stage counts as not started."""
        keys = {sent.stage.key for sent in self.sent.values()}
        ready = [stage for stage in self.work.ready() if stage.key not in keys]
        for stage in ready[: self.most - len(self.sent)]:
            self.sent[self.cluster.send(stage)] = _SentStage(stage)

    def _take(self, sent: _SentStage, result: StageResult | Refusal | Lost) -> None:
        """One task ended: note it, let it begin again, or stop."""
        self.quiet_since = time.monotonic()
        if isinstance(result, Refusal):
            raise ConfigError(result.found, result.expected, result.remedy, source="the cluster", key="engine")
        self._start(sent)
        stage = sent.stage
        if isinstance(result, Lost):
            self._take_loss(stage, result)
            return
        self.memory[result.process] = max(result.memory, self.memory.get(result.process, 0))
        for remark in result.remarks:
            self.work.remark(f"{stage.kind}: {stage.label}: {remark}")
        self.work.finish(stage, self._check_seen(stage, result))

    def _take_loss(self, stage: StageView, loss: Lost) -> None:
        """Give a lost stage back; it fails if it was lost often enough, for it may be what kills its worker."""
        self.losses[stage.key] += 1
        if self.losses[stage.key] > RETRIES:
            reason = f"Its worker was lost {self.losses[stage.key]} times, at last because {loss.reason}."
            self.work.finish(stage, StageRecord("failed", reason=reason))
            return
        self.work.give_up(stage)
        self.work.remark(f"{stage.kind}: {stage.label} is begun again where it was: {loss.reason}.")

    def _check_seen(self, stage: StageView, result: StageResult) -> StageRecord:
        """How a stage went, once what it left is seen from here."""
        if result.record.state == "done" and not self.store.is_shared(stage.kind, stage.key):
            place = self.store.path(stage.kind, stage.key)
            return StageRecord("failed", reason=f"{result.process} made it, and {place} is not seen here.")
        return result.record

    def _listen(self, progress: Mapping[str, tuple[int, int, int]]) -> None:
        """Tell what workers told."""
        by_key = {sent.stage.key: sent for sent in self.sent.values()}
        for key in by_key.keys() & progress.keys():
            self._start(by_key[key])
            done, total, tokens = progress[key]
            if total:
                self.work.advance(by_key[key].stage, done, total, tokens)

    def _start(self, sent: _SentStage) -> None:
        """Note that a stage has begun."""
        if not sent.started:
            sent.started = True
            self.work.start(sent.stage)

    def _check_patience(self) -> None:
        """Stop where nothing goes on and a stage waits for a node that does not come."""
        if not self.sent or any(sent.started for sent in self.sent.values()):
            self.quiet_since = time.monotonic()
        quiet = time.monotonic() - self.quiet_since
        stages = [sent.stage for sent in self.sent.values()]
        stage = self.cluster.find_impossible(stages) if quiet > TOLD_AFTER else None
        if stage is None:
            return
        if not self.told:
            self.told = True
            self.work.remark(f"No node has room for {stage.kind}: {stage.label}. One is waited for.")
        if quiet > PATIENCE:
            raise ConfigError(
                f"No node of the cluster has room for {stage.kind}: {stage.label}, for {PATIENCE:.0f} seconds.",
                "A stage has its threads, its memory, and on `--device cuda` a card, all on one node.",
                "Add such a node with `ray start --address`, or see with `ray status` what there is.",
                source="the cluster",
                key="engine",
            )
