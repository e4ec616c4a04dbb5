"""Broken: the task gives other ids each time it is asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from good_task import CARD, SquaresTask

from zsbench.hookspecs import hookimpl
from zsbench.interfaces import Example, TaskCard
from zsbench.interfaces.specs import TaskSpec


class UnstableIdsTask(SquaresTask):
    @property
    def card(self) -> TaskCard:
        return CARD.model_copy(update={"id": "task-unstable-ids"})

    passes = 0

    def examples(self) -> Sequence[Example]:
        self.passes += 1
        return [replace(example, id=f"{example.id}-{self.passes}") for example in super().examples()]


@hookimpl
def zsbench_tasks() -> list[TaskSpec]:
    return [TaskSpec(id="task-unstable-ids", factory="broken_task_unstable_ids:UnstableIdsTask")]
