"""The work of a run, as its engine sees it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from zsbench.cores import count_cores
from zsbench.interfaces import StageRecord, StageView, Work
from zsbench.interfaces.engine import Advance
from zsbench.plan import Plan
from zsbench.runner.execution import make_stage
from zsbench.runner.outcome import Outcome
from zsbench.runner.reporter import Reporter
from zsbench.stages import Stage, StageContext

__all__ = ["StageQueue"]


class StageQueue(Work):
    """The missing stages of a plan.

    Args:
        plan: The plan.
        outcome: What a survey of the store found; filled in.
        context: For stages that are made in this process.
        reporter: Told of every stage.
    """

    def __init__(self, plan: Plan, outcome: Outcome, context: StageContext, reporter: Reporter) -> None:
        self.outcome = outcome
        self._context = context
        self._reporter = reporter
        self._stages: dict[str, Stage] = {
            key: stage for key, stage in plan.stages.items() if outcome.stages[key].state == "missing"
        }
        self._waiting = list(self._stages)
        self._total = len(self._waiting)
        self._began = False
        self._told: set[str] = set()

    @property
    def stages(self) -> Sequence[StageView]:
        """Every stage that is missing."""
        return list(self._stages.values())

    @property
    def unfinished(self) -> int:
        """How many stages have no result yet."""
        return sum(self.outcome.stages[key].state == "missing" for key in self._stages)

    def stage(self, key: str) -> StageView:
        """The missing stage with a key."""
        return self._stages[key]

    def ready(self) -> Sequence[StageView]:
        """The stages whose inputs are there and that nobody has started, in the order in which they should go."""
        self._skip_lost()
        ready = [self._stages[key] for key in self._waiting if self._has_inputs(key)]
        return sorted(ready, key=lambda stage: stage.turn)

    def start(self, stage: StageView) -> None:
        """Note that a ready stage is being made."""
        self._begin()
        self._waiting.remove(stage.key)
        if stage.key not in self._told:
            self._told.add(stage.key)
            self._reporter.stage_started(stage)

    def make(
        self,
        stage: StageView,
        *,
        cores: int | None = None,
        advance: Advance | None = None,
        remark: Callable[[str], None] | None = None,
    ) -> StageRecord:
        """Make a stage in this process."""
        context, reporter = self._context, self._reporter
        context.cores = cores or count_cores()
        context.progress = advance or (
            lambda done, total, tokens=0: reporter.stage_advanced(stage, done, total, tokens)
        )
        context.remark = remark or (lambda text: reporter.remark(f"{stage.kind}: {stage.label}: {text}"))
        return make_stage(self._stages[stage.key], context)

    def finish(self, stage: StageView, record: StageRecord) -> None:
        """Note how a started stage went."""
        self.outcome.stages[stage.key] = record
        for remark in record.remarks:
            self._reporter.remark(f"{stage.kind} of {stage.label}: {remark}")
        if record.state == "done":
            self.outcome.outputs[stage.key] = self._context.store.path(stage.kind, stage.key)
            self._reporter.stage_finished(stage, record.seconds)
        else:
            self._reporter.stage_failed(stage, record.reason)

    def give_up(self, stage: StageView) -> None:
        """Put a started stage back among the ready ones."""
        self._waiting.insert(0, stage.key)

    def advance(self, stage: StageView, done: int, total: int, tokens: int = 0) -> None:
        """Tell how far a stage that is made elsewhere has come."""
        self._reporter.stage_advanced(stage, done, total, tokens)

    def remark(self, text: str) -> None:
        """Tell the person who waits something that is no failure."""
        self._reporter.remark(text)

    def note_process(self, memory: int) -> None:
        """Note the largest resident set of a process that made stages."""
        self.outcome.worker_memory.append(memory)

    def close(self) -> None:
        """Release what this process keeps for its stages."""
        self._context.close()

    def _begin(self) -> None:
        """Tell how many stages there are, once: after worker processes were forked, since a reporter has threads."""
        if not self._began:
            self._began = True
            self._reporter.run_started(self._total)

    def _has_inputs(self, key: str) -> bool:
        """Whether every input is there."""
        return all(needed in self.outcome.outputs for needed in self._stages[key].input_keys)

    def _skip_lost(self) -> None:
        """Drop the stages whose inputs failed, and those that wait for them in turn."""
        for key in list(self._waiting):
            known = [needed for needed in self._stages[key].input_keys if needed in self.outcome.stages]
            if lost := self.outcome.lost(known):
                self._begin()
                self._waiting.remove(key)
                self.finish(self._stages[key], StageRecord("skipped", reason=lost))
