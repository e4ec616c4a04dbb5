"""Broken: its task hook raises, after its captioner hook has registered something."""

from __future__ import annotations

from zsbench.hookspecs import hookimpl
from zsbench.interfaces.specs import CaptionerSpec, TaskSpec


@hookimpl
def zsbench_captioners() -> list[CaptionerSpec]:
    return [CaptionerSpec(id="half-registered", factory="good_captioner:ConstantCaptioner")]


@hookimpl
def zsbench_tasks() -> list[TaskSpec]:
    raise FileNotFoundError("tasks.json")
