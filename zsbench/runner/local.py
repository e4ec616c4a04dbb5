"""The local engine: every failure is kept to the cells it concerns."""

from __future__ import annotations

from zsbench.errors import HashMismatchError
from zsbench.plan import Plan, Stage
from zsbench.runner.order import Order
from zsbench.runner.outcome import Outcome, StageRecord
from zsbench.runner.reporter import Reporter
from zsbench.runner.side_by_side import Resources, can_fork, count_cores, limit_threads, run_side_by_side
from zsbench.runner.stage import make_stage, note_stage
from zsbench.runner.workbench import Workbench
from zsbench.store import Store

__all__ = ["LocalEngine", "Outcome", "Resources", "StageRecord", "targets"]


def targets(plan: Plan) -> list[str]:
    """The stages whose outputs a run must end with: every cell's prediction, scores and comparison."""
    keys: dict[str, None] = {}
    for cell in plan.cells:
        keys.update(dict.fromkeys([cell.references, cell.prediction, cell.scoring]))
        if cell.comparison:
            keys[cell.comparison] = None
    return list(keys)


class LocalEngine:
    """Runs a plan on this machine, in this process or in several that work side by side.

    Args:
        order: The run as its command gave it; nothing of it is needed here.
    """

    def __init__(self, order: Order | None = None) -> None:
        self.order = order

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

    def run(self, plan: Plan, bench: Workbench, resources: Resources, reporter: Reporter) -> Outcome:
        """Make everything that is missing; a failing stage takes down only what waits for it."""
        outcome = self.survey(plan, bench.store, reporter)
        bench.places.update(outcome.places)
        missing = [stage for key, stage in plan.stages.items() if outcome.stages[key].state == "missing"]
        if min(resources.processes, len(missing)) > 1 and can_fork():
            missing = run_side_by_side(missing, bench, resources, reporter, outcome)
        else:
            reporter.run_started(len(missing))
        if missing:
            limit_threads(resources.threads)
            bench.cores = count_cores()
        for stage in missing:
            outcome.stages[stage.key] = self._make(stage, bench, resources.device, reporter, outcome)
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
        """Make one stage's output here, unless an input failed."""
        if lost := outcome.lost(stage.inputs):
            reporter.stage_failed(stage, lost)
            return StageRecord("skipped", reason=lost)
        reporter.stage_started(stage)
        bench.progress = lambda done, total, tokens=0: reporter.stage_advanced(stage, done, total, tokens)
        bench.remark = lambda text: reporter.remark(f"{stage.kind}: {stage.label}: {text}")
        record = make_stage(stage, bench, device)
        note_stage(stage, record, bench, reporter, outcome)
        return record
