"""Stages that do what a test tells them, and plans of them: for whoever orders, places, makes or shows stages."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from zsbench import stages
from zsbench.interfaces import MachineNeeds
from zsbench.plan import Plan
from zsbench.stages import Setup, Stage, StageContext

KINDS = {cls.kind: cls for cls in vars(stages).values() if isinstance(cls, type) and hasattr(cls, "kind")}


def write_nothing(stage, folder, context):
    """Be done at once."""
    return True


@dataclass(frozen=True, eq=False, kw_only=True)
class FakeStage(Stage):
    """A stage whose key is its label; turn and needs are those of its kind.

    Attributes:
        act: Does the work: given the stage, the folder and the context, it says whether the output is final.
    """

    setup: Setup | None = None
    label: str = ""
    kind: str = "train"
    inputs: tuple[Stage, ...] = ()
    act: Callable[[Stage, Path, StageContext], bool] = write_nothing

    @property
    def key(self):
        return self.label

    @property
    def depends_on(self):
        return {"label": self.label}

    @property
    def turn(self):
        return KINDS[self.kind].turn

    @property
    def needs(self):
        kind = KINDS[self.kind]
        return MachineNeeds(kind.memory, device=kind.computes, computes=kind.computes, alone=kind.alone)

    def find_edits(self):
        return []

    def material(self):
        return {}

    def components(self):
        return ()

    def run(self, folder, context):
        return self.act(self, folder, context)


def plan_stages(*specs, act=write_nothing):
    """A plan of stages given as (kind, label, labels of its inputs), in any order; without cells."""
    given = {label: (kind, inputs) for kind, label, inputs in specs}
    made: dict[str, FakeStage] = {}

    def make(label):
        if label not in made:
            kind, inputs = given[label]
            made[label] = FakeStage(kind=kind, label=label, inputs=tuple(map(make, inputs)), act=act)
        return made[label]

    return Plan({label: make(label) for label in given})
