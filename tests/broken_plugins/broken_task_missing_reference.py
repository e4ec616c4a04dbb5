"""Broken: the task has no reference for its last example."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from good_task import CARD, SquaresTask

from zsbench.hookspecs import hookimpl
from zsbench.interfaces import TaskCard
from zsbench.interfaces.specs import TaskSpec


class MissingReferenceTask(SquaresTask):
    @property
    def card(self) -> TaskCard:
        return CARD.model_copy(update={"id": "task-missing-reference"})

    def references(self) -> Mapping[str, Sequence[str]]:
        every = super().references()
        return {example.id: every[example.id] for example in self.examples()[:-1]}


@hookimpl
def zsbench_tasks() -> list[TaskSpec]:
    return [TaskSpec(id="task-missing-reference", factory="broken_task_missing_reference:MissingReferenceTask")]
