"""What of a plan is in the store."""

from __future__ import annotations

from zsbench.errors import HashMismatchError
from zsbench.interfaces import StageRecord
from zsbench.plan import Plan
from zsbench.runner.outcome import Outcome
from zsbench.runner.reporter import Reporter
from zsbench.stages import Stage
from zsbench.store import Store

__all__ = ["survey_store", "wanted_stages"]


def wanted_stages(plan: Plan) -> list[Stage]:
    """The stages whose outputs a run must end with: every cell's predictions, scores and comparison."""
    found = {stage.key: stage for cell in plan.cells for stage in cell.stages}
    return list(found.values())


def survey_store(plan: Plan, store: Store, reporter: Reporter, *, check: bool = True) -> Outcome:
    """What is cached, what must be made, what is not needed; corrupt entries are told and discarded.

    Args:
        plan: The plan.
        store: Where finished outputs are.
        reporter: Told of corrupt entries.
        check: Compare checksums; False only looks, for a dry run.
    """
    outcome = Outcome()
    for stage in wanted_stages(plan):
        _look(stage, store, reporter, outcome, check=check)
    for key in plan.stages:
        outcome.stages.setdefault(key, StageRecord("not needed"))
    return outcome


def _look(stage: Stage, store: Store, reporter: Reporter, outcome: Outcome, *, check: bool) -> None:
    """Note whether a stage is cached; if not, look at what it waits for."""
    if stage.key in outcome.stages:
        return
    entry = store.find(stage.kind, stage.key)
    if entry is not None and not entry.final:
        entry = None
    if entry is not None and check:
        try:
            entry.check()
        except HashMismatchError as error:
            reporter.remark(f"Corrupt store entry, rebuilt: {error.found}")
            store.discard(stage.kind, stage.key)
            entry = None
    if entry is not None:
        outcome.stages[stage.key] = StageRecord("cached", entry.seconds)
        outcome.outputs[stage.key] = entry.folder
        return
    outcome.stages[stage.key] = StageRecord("missing")
    for needed in stage.inputs:
        _look(needed, store, reporter, outcome, check=check)
