"""Hands stages to a cluster as they become ready, and again when a node or a worker is lost."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from zsbench.errors import ConfigError
from zsbench.plan import Stage
from zsbench.runner.cluster.environment import Refusal
from zsbench.runner.cluster.worker import Made, is_shared
from zsbench.runner.outcome import Outcome, StageRecord
from zsbench.runner.reporter import Reporter
from zsbench.runner.side_by_side import ORDER
from zsbench.runner.stage import note_stage
from zsbench.runner.workbench import Workbench

__all__ = ["Cluster", "Dispatch", "Lost", "Task"]

RETRIES = 3
"""How often a stage is begun again after its worker or node was lost."""
WAIT_SECONDS = 0.3
TOLD_AFTER = 10.0
"""Seconds without anything going on after which is told what is waited for."""
PATIENCE = 600.0
"""Seconds that a stage waits for a node with room for it, so that a cluster may grow."""


class Task(Protocol):
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

    def send(self, stage: Stage) -> Task:
        """Have a stage made, when and where there is room."""

    def collect(self, tasks: Iterable[Task], seconds: float) -> list[tuple[Task, Made | Refusal | Lost]]:
        """The tasks that ended; waits up to some seconds for one."""

    def read_progress(self) -> Mapping[str, tuple[int, int, int]]:
        """Done, total and tokens of each stage that said something since the last time."""

    def find_impossible(self, stages: Iterable[Stage]) -> Stage | None:
        """A stage that no node has room for, if there is one."""


@dataclass
class _Flight:
    """A stage that was sent, and whether a worker has said that it begins."""

    stage: Stage
    started: bool = False


class Dispatch:
    """One run's stages on their way.

    Args:
        stages: What must be made.
        bench: The driver's tools.
        reporter: Told of every stage.
        outcome: Filled in.
        most: Stages that may be made at once.
    """

    def __init__(
        self, stages: Sequence[Stage], bench: Workbench, reporter: Reporter, outcome: Outcome, most: int | None = None
    ) -> None:
        self.waiting = list(stages)
        self.bench = bench
        self.reporter = reporter
        self.outcome = outcome
        self.most = most or len(stages)
        self.flying: dict[Task, _Flight] = {}
        self.losses: dict[str, int] = {}
        self.memory: dict[str, int] = {}
        self.begun: set[str] = set()
        self.told = False
        self.quiet_since = time.monotonic()

    def run(self, cluster: Cluster) -> None:
        """Go on until nothing is left.

        Raises:
            ConfigError: A worker must not take part, or no node has room for a stage.
        """
        while self.waiting or self.flying:
            self._skip_lost()
            self._send_ready(cluster)
            for task, result in cluster.collect(list(self.flying), WAIT_SECONDS):
                self._take(self.flying.pop(task), result)
            self._listen(cluster.read_progress())
            self._check_patience(cluster)
        self.outcome.worker_memory.extend(self.memory.values())

    def _skip_lost(self) -> None:
        """Drop the stages whose inputs failed."""
        for stage in list(self.waiting):
            if lost := self.outcome.lost(key for key in stage.inputs if key in self.outcome.stages):
                self.waiting.remove(stage)
                note_stage(stage, StageRecord("skipped", reason=lost), self.bench, self.reporter, self.outcome)

    def _send_ready(self, cluster: Cluster) -> None:
        """Send what has all its inputs, first what most others wait for."""
        ready = [stage for stage in self.waiting if all(key in self.outcome.places for key in stage.inputs)]
        ready.sort(key=lambda stage: ORDER.index(stage.kind))
        for stage in ready[: self.most - len(self.flying)]:
            self.waiting.remove(stage)
            self.flying[cluster.send(stage)] = _Flight(stage)

    def _take(self, flight: _Flight, result: Made | Refusal | Lost) -> None:
        """One task ended: note it, begin it again, or stop."""
        self.quiet_since = time.monotonic()
        if isinstance(result, Refusal):
            raise ConfigError(result.found, result.expected, result.remedy, source="the cluster", key="engine")
        if isinstance(result, Lost):
            record = self._again(flight.stage, result)
        else:
            self.memory[result.process] = max(result.memory, self.memory.get(result.process, 0))
            record = self._seen(flight.stage, result)
        if record is not None:
            self._begin(flight.stage)
            note_stage(flight.stage, record, self.bench, self.reporter, self.outcome)

    def _again(self, stage: Stage, loss: Lost) -> StageRecord | None:
        """Let a lost stage wait for its next turn; its failure if it had enough of them."""
        self.losses[stage.key] = self.losses.get(stage.key, 0) + 1
        if self.losses[stage.key] > RETRIES:
            reason = f"Its worker was lost {self.losses[stage.key]} times, at last because {loss.reason}."
            return StageRecord("failed", reason=reason)
        self.waiting.insert(0, stage)
        self.reporter.remark(f"{stage.kind}: {stage.label} is begun again where it was: {loss.reason}.")
        return None

    def _seen(self, stage: Stage, made: Made) -> StageRecord:
        """How a stage went, once what it left is seen from here."""
        if made.record.state == "done" and not is_shared(self.bench.store, stage.kind, stage.key):
            place = self.bench.store.path(stage.kind, stage.key)
            return StageRecord("failed", reason=f"{made.process} made it, and {place} is not seen here.")
        return made.record

    def _listen(self, progress: Mapping[str, tuple[int, int, int]]) -> None:
        """Tell the reporter what workers told."""
        by_key = {flight.stage.key: flight for flight in self.flying.values()}
        for key in by_key.keys() & progress.keys():
            flight, (done, total, tokens) = by_key[key], progress[key]
            flight.started = True
            self._begin(flight.stage)
            if total:
                self.reporter.stage_advanced(flight.stage, done, total, tokens)

    def _begin(self, stage: Stage) -> None:
        """Tell that a stage has begun, once however often it is begun."""
        if stage.key not in self.begun:
            self.begun.add(stage.key)
            self.reporter.stage_started(stage)

    def _check_patience(self, cluster: Cluster) -> None:
        """Stop where nothing goes on and a stage waits for a node that does not come."""
        if not self.flying or any(flight.started for flight in self.flying.values()):
            self.quiet_since = time.monotonic()
        quiet = time.monotonic() - self.quiet_since
        stage = cluster.find_impossible(f.stage for f in self.flying.values()) if quiet > TOLD_AFTER else None
        if stage is None:
            return
        if not self.told:
            self.told = True
            self.reporter.remark(f"No node has room for {stage.kind}: {stage.label}. One is waited for.")
        if quiet > PATIENCE:
            raise ConfigError(
                f"No node of the cluster has room for {stage.kind}: {stage.label}, for {PATIENCE:.0f} seconds.",
                "A stage has its threads, its memory, and on `--device cuda` a card, all on one node.",
                "Add such a node with `ray start --address`, or see with `ray status` what there is.",
                source="the cluster",
                key="engine",
            )
