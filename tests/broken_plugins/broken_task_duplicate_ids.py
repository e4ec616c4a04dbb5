"""Broken: two examples of the task share an id."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from good_task import CARD, SquaresTask

from zsbench.hookspecs import hookimpl
from zsbench.interfaces import Example, TaskCard
from zsbench.interfaces.specs import TaskSpec


class DuplicateIdsTask(SquaresTask):
    @property
    def card(self) -> TaskCard:
        return CARD.model_copy(update={"id": "task-duplicate-ids"})

    def examples(self) -> Sequence[Example]:
        examples = super().examples()
        return [*examples[:-1], replace(examples[-1], id=examples[0].id)]


@hookimpl
def zsbench_tasks() -> list[TaskSpec]:
    return [TaskSpec(id="task-duplicate-ids", factory="broken_task_duplicate_ids:DuplicateIdsTask")]
