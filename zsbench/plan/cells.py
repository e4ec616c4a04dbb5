"""Cells and the plan that serves them: plain records."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from zsbench.components import TaskChoice
from zsbench.interfaces import Supervision
from zsbench.registry import ResolvedCaptioner
from zsbench.stages import Comparison, Prediction, Reading, References, Scoring, Stage, Training

__all__ = ["Cell", "Plan"]


@dataclass(frozen=True)
class Cell:
    """One row of the matrix on one task, with its stages.

    Attributes:
        captioner: Captions or answers.
        task: On which.
        corpus: Trained on it or reading it; None for neither.
        gap_model: The matrix's gap model, as people read it; None for the captioner's own.
        seed: Of training and prediction.
        route: How questions were answered, ``features`` or ``caption``; empty for captions.
        variant: The swept settings, such as ``inference.candidates=2``; empty without.
        metrics: Ids of its metrics.
        data_used: What beyond text was used, to be marked in every table.
        supervision: What its captioner was trained or fitted on, gap models included.
        prediction: What its captioner says.
        references: What is right, tokenised.
        scoring: Its scores.
        comparison: Its comparison to the baseline's cell, or None.
        compared_route: How the baseline's cell answered.
    """

    captioner: ResolvedCaptioner
    task: TaskChoice
    corpus: str | None
    gap_model: str | None
    seed: int
    route: str
    variant: str
    metrics: tuple[str, ...]
    data_used: tuple[str, ...]
    supervision: Supervision
    prediction: Prediction | Reading
    references: References
    scoring: Scoring
    comparison: Comparison | None = None
    compared_route: str = ""

    @property
    def stages(self) -> tuple[Stage, ...]:
        """The stages whose outputs a run must end with."""
        found = (self.references, self.prediction, self.scoring, self.comparison)
        return tuple(stage for stage in found if stage is not None)

    @property
    def uses_encoder(self) -> bool:
        """Whether its captioner looks at features of the encoder.

        One that needs the decoded images and declares nothing that comes from the encoder is taken to look at the
        images alone; every other one is given features and may use them.
        """
        needs = self.captioner.needs
        told = (needs.training, needs.memory, needs.encoder, needs.patches, needs.gap_model, needs.references)
        return any(told) or not needs.pixels

    @property
    def uses_language_model(self) -> bool:
        """Whether its captioner, or the reader of its captions, uses the language model."""
        return self.captioner.needs.language_model or self.route == "caption"

    @property
    def identity(self) -> dict[str, Any]:
        """The cell's coordinates, as records hold them."""
        return {
            "captioner": self.captioner.id,
            "gap_model": self.gap_model,
            "corpus": self.corpus,
            "task": self.task.id,
            "seed": self.seed,
            "route": self.route,
            "variant": self.variant,
        }

    @property
    def name(self) -> str:
        """Folder name: captioner, variant, gap model, corpus, task, route and seed."""
        settings = re.sub(r"[^\w.=+-]+", "-", self.variant)
        gap = re.sub(r"[^\w.=+-]+", "-", self.gap_model or "")
        parts = [self.captioner.id, settings, gap, self.corpus, self.task.id, self.route, f"seed{self.seed}"]
        return "__".join(part for part in parts if part)


@dataclass
class Plan:
    """Stages in an order that respects their inputs, and the cells they serve.

    Attributes:
        stages: By key.
        cells: In table order.
        unavailable: Why a metric cannot be run on this machine, by its id.
        remarks: What else is worth saying before a run.
        split_remarks: How a task's data differ from its official split, by task id; without those that do not.
    """

    stages: dict[str, Stage] = field(default_factory=dict)
    cells: list[Cell] = field(default_factory=list)
    unavailable: dict[str, str] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)
    split_remarks: dict[str, str] = field(default_factory=dict)

    def add(self, stage: Stage) -> None:
        """Add a stage and, before it, its inputs; of equal ones the first stays."""
        if stage.key not in self.stages:
            for needed in stage.inputs:
                self.add(needed)
            self.stages[stage.key] = stage

    @property
    def gap_models(self) -> set[str]:
        """Ids of the gap models that trainings and predictions use."""
        users = [stage for stage in self.stages.values() if isinstance(stage, Training | Prediction)]
        return {stage.gap.gap.id for stage in users if stage.gap is not None}

    @property
    def shared(self) -> int:
        """How many stages sharing saves: those that the cells would make one by one, less those of the plan."""
        return sum(self._count_uses().values()) - len(self.stages)

    def shared_seconds(self, seconds: Mapping[str, float]) -> float:
        """What sharing saves in time, given how long each stage takes or once took, by key."""
        uses = self._count_uses()
        return sum((uses[key] - 1) * seconds.get(key, 0.0) for key in self.stages if uses[key])

    def _count_uses(self) -> Counter[str]:
        """How many cells need each stage."""
        uses: Counter[str] = Counter()
        for cell in self.cells:
            needed = set() if cell.comparison is None else {cell.comparison.key}  # the baseline's are its own cell's
            self._gather(cell.scoring, needed)
            uses.update(needed)
        return uses

    def _gather(self, stage: Stage, found: set[str]) -> None:
        """Add the keys of a stage and of all that it waits for, directly or not."""
        if stage.key not in found:
            found.add(stage.key)
            for needed in stage.inputs:
                self._gather(needed, found)
