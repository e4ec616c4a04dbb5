"""The local engine: one process, one stage after the other, every failure kept to the cells it concerns."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from zsbench.errors import HashMismatchError, ZsbenchError
from zsbench.plan import (
    Comparison,
    GapFit,
    ImageEncoding,
    Plan,
    Prediction,
    References,
    Scoring,
    Stage,
    TextEncoding,
    Training,
)
from zsbench.runner.captioning import predict, train
from zsbench.runner.features import encode_images, encode_texts, fit_gap
from zsbench.runner.reporter import Reporter
from zsbench.runner.scoring import compare, prepare, score
from zsbench.runner.workbench import Workbench
from zsbench.store import Store

__all__ = ["LocalEngine", "Outcome", "StageRecord", "targets"]

State = Literal["cached", "done", "failed", "skipped", "not needed", "missing"]


@dataclass(frozen=True)
class StageRecord:
    """How one stage went.

    Attributes:
        state: cached, done, failed, skipped (an input failed) or not needed (what it feeds is cached).
        seconds: Time it took when it was made, now or in an earlier run.
        reason: Why it failed or was skipped.
        traceback: The failure's traceback.
    """

    state: State
    seconds: float = 0.0
    reason: str = ""
    traceback: str = ""


@dataclass
class Outcome:
    """How every stage of a plan went, and where the outputs are."""

    stages: dict[str, StageRecord] = field(default_factory=dict)
    places: dict[str, Path] = field(default_factory=dict)

    def count(self, state: State) -> int:
        """How many stages ended in a state."""
        return sum(record.state == state for record in self.stages.values())


def targets(plan: Plan) -> list[str]:
    """The stages whose outputs a run must end with: every cell's prediction, scores and comparison."""
    keys: dict[str, None] = {}
    for cell in plan.cells:
        keys.update(dict.fromkeys([cell.references, cell.prediction, cell.scoring]))
        if cell.comparison:
            keys[cell.comparison] = None
    return list(keys)


class LocalEngine:
    """Runs a plan in this process."""

    def survey(self, plan: Plan, store: Store, reporter: Reporter, *, check: bool = True) -> Outcome:
        """What is cached, what must be made, what is not needed; corrupt entries are reported and discarded.

        Args:
            plan: The plan.
            store: Where finished outputs are.
            reporter: Told of corrupt entries.
            check: Compare checksums; False only looks (for a dry run).
        """
        outcome = Outcome()
        for key in targets(plan):
            self._look(plan, key, store, reporter, outcome, check=check)
        for key in plan.stages:
            outcome.stages.setdefault(key, StageRecord("not needed"))
        return outcome

    def run(self, plan: Plan, bench: Workbench, device: str, reporter: Reporter) -> Outcome:
        """Make everything that is missing; a failing stage takes down only what waits for it."""
        outcome = self.survey(plan, bench.store, reporter)
        bench.places.update(outcome.places)
        bench.progress = reporter.stage_advanced
        missing = [stage for key, stage in plan.stages.items() if outcome.stages[key].state == "missing"]
        reporter.run_started(len(missing))
        for stage in missing:
            outcome.stages[stage.key] = self._make(stage, bench, device, reporter, outcome)
        return outcome

    def _look(self, plan: Plan, key: str, store: Store, reporter: Reporter, outcome: Outcome, *, check: bool) -> None:
        """Note whether a stage is cached; if not, look at what it waits for."""
        if key in outcome.stages:
            return
        stage = plan.stages[key]
        entry = store.find(stage.kind, key)
        if entry is not None and not entry.final:
            entry = None
        if entry is not None and check:
            try:
                entry.check()
            except HashMismatchError as error:
                reporter.remark(f"Corrupt store entry, rebuilt: {error.found}")
                store.discard(stage.kind, key)
                entry = None
        if entry is not None:
            outcome.stages[key] = StageRecord("cached", entry.seconds)
            outcome.places[key] = entry.folder
            return
        outcome.stages[key] = StageRecord("missing")
        for needed in stage.inputs:
            self._look(plan, needed, store, reporter, outcome, check=check)

    def _make(self, stage: Stage, bench: Workbench, device: str, reporter: Reporter, outcome: Outcome) -> StageRecord:
        """Make one stage's output under its lock, unless an input failed or another process was faster."""
        if lost := _lost(stage.inputs, outcome):
            reporter.stage_failed(stage, lost)
            return StageRecord("skipped", reason=lost)
        reporter.stage_started(stage)
        began = time.monotonic()
        try:
            with bench.store.lock(stage.key):
                entry = bench.store.find(stage.kind, stage.key)
                if entry is None or not entry.final:
                    folder = bench.store.partial(stage.kind, stage.key)
                    final = execute(stage, folder, bench, device)
                    seconds = time.monotonic() - began
                    entry = bench.store.commit(stage.kind, stage.key, stage.material, seconds=seconds, final=final)
        except Exception as error:  # noqa: BLE001  recorded, and the other cells go on
            reason = str(error) if isinstance(error, ZsbenchError) else f"{type(error).__name__}: {error}"
            reporter.stage_failed(stage, reason)
            return StageRecord("failed", time.monotonic() - began, reason, traceback.format_exc())
        bench.places[stage.key] = outcome.places[stage.key] = entry.folder
        reporter.stage_finished(stage, entry.seconds)
        return StageRecord("done", entry.seconds)


def execute(stage: Stage, folder: Path, bench: Workbench, device: str) -> bool:
    """Do a stage's work; its output goes to the folder. Whether it is final."""
    actions: dict[type, Callable[[Any], bool | None]] = {
        TextEncoding: lambda work: encode_texts(work, folder, bench, device),
        ImageEncoding: lambda work: encode_images(work, folder, bench, device),
        GapFit: lambda work: fit_gap(work, folder, bench),
        Training: lambda work: train(work, folder, bench),
        References: lambda work: prepare(work, folder, bench),
        Prediction: lambda work: predict(work, folder, bench),
        Scoring: lambda work: score(work, folder, bench),
        Comparison: lambda work: compare(work, folder, bench),
    }
    return actions[type(stage.work)](stage.work) is not False


def _lost(inputs: Iterable[str], outcome: Outcome) -> str:
    """Why a stage cannot start; empty if it can."""
    for key in inputs:
        record = outcome.stages[key]
        if record.state in {"failed", "skipped"}:
            return record.reason
    return ""
