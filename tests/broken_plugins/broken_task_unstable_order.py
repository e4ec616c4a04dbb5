"""Broken: the task turns its order round each time it is asked."""

from __future__ import annotations

from collections.abc import Sequence

from good_task import CARD, SquaresTask

from zsbench.hookspecs import hookimpl
from zsbench.interfaces import Example, TaskCard
from zsbench.interfaces.specs import TaskSpec


class UnstableOrderTask(SquaresTask):
    @property
    def card(self) -> TaskCard:
        return CARD.model_copy(update={"id": "task-unstable-order"})

    passes = 0

    def examples(self) -> Sequence[Example]:
        self.passes += 1
        return list(super().examples())[:: -1 if self.passes % 2 else 1]


@hookimpl
def zsbench_tasks() -> list[TaskSpec]:
    return [TaskSpec(id="task-unstable-order", factory="broken_task_unstable_order:UnstableOrderTask")]
