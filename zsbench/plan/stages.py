"""Stages, cells and the plan: plain records, executed by ``zsbench.runner``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from zsbench.plan.choices import CorpusChoice, EncoderChoice, GapChoice, LanguageModelChoice, TaskChoice
from zsbench.registry import ResolvedCaptioner

__all__ = [
    "Cell",
    "Comparison",
    "GapFit",
    "ImageEncoding",
    "Plan",
    "Prediction",
    "References",
    "Scoring",
    "Stage",
    "TextEncoding",
    "Training",
    "Work",
]


@dataclass(frozen=True)
class TextEncoding:
    """Features of a corpus."""

    encoder: EncoderChoice
    corpus: CorpusChoice


@dataclass(frozen=True)
class ImageEncoding:
    """Features of a task's images."""

    encoder: EncoderChoice
    task: TaskChoice
    patches: bool


@dataclass(frozen=True)
class GapFit:
    """A fit of a gap model.

    Attributes:
        gap: Which.
        texts: Key of the text features it sees, or None.
        images: Key of the image features it sees, or None.
    """

    gap: GapChoice
    texts: str | None
    images: str | None


@dataclass(frozen=True)
class Training:
    """One training, shared by every captioner that differs only at inference.

    Attributes:
        captioner: The captioner, as the first cell that needs the training names it.
        gap: The gap model of training and the key of its fit.
        texts: Key of the text features.
    """

    captioner: ResolvedCaptioner
    encoder: EncoderChoice
    corpus: CorpusChoice
    language_model: LanguageModelChoice | None
    gap: tuple[GapChoice, str | None] | None
    texts: str
    seed: int
    device: str


@dataclass(frozen=True)
class Prediction:
    """Captions of one cell.

    Attributes:
        training: Key of the training, or None.
        gap: The gap model of inference and the key of its fit.
        texts: Key of the text features, if the captioner reads the corpus.
        images: Key of the image features.
    """

    captioner: ResolvedCaptioner
    task: TaskChoice
    encoder: EncoderChoice
    language_model: LanguageModelChoice | None
    corpus: CorpusChoice
    training: str | None
    gap: tuple[GapChoice, str | None] | None
    texts: str | None
    images: str
    seed: int
    batch_size: int
    device: str


@dataclass(frozen=True)
class References:
    """The references of a whole split, tokenised once."""

    task: TaskChoice
    metrics: tuple[str, ...]


@dataclass(frozen=True)
class Scoring:
    """Scores of one cell with the statistics behind them.

    Attributes:
        unavailable: The metrics that this machine cannot run.
    """

    task: TaskChoice
    metrics: tuple[str, ...]
    unavailable: tuple[str, ...]
    references: str
    prediction: str


@dataclass(frozen=True)
class Comparison:
    """Paired differences of a cell to the baseline's cell."""

    task: TaskChoice
    metrics: tuple[str, ...]
    references: str
    scoring: str
    baseline: str


Work = TextEncoding | ImageEncoding | GapFit | Training | References | Prediction | Scoring | Comparison


@dataclass(frozen=True)
class Stage:
    """A piece of work with the key of its output.

    Attributes:
        kind: text-features, image-features, gap-fit, train, references, predict, score or compare.
        key: Hash of everything the output depends on.
        label: What people read.
        inputs: Keys of the stages it waits for.
        material: What the key was made from.
        work: What to do.
    """

    kind: str
    key: str
    label: str
    inputs: tuple[str, ...]
    material: Mapping[str, Any]
    work: Work


@dataclass(frozen=True)
class Cell:
    """One row of the matrix on one task, with the keys of its stages."""

    captioner: ResolvedCaptioner
    task: TaskChoice
    corpus: str | None
    gap_model: str | None
    seed: int
    prediction: str
    references: str
    scoring: str
    comparison: str | None = None

    @property
    def name(self) -> str:
        """Folder name: captioner, gap model, corpus, task and seed."""
        parts = [self.captioner.id, self.gap_model, self.corpus, self.task.id, f"seed{self.seed}"]
        return "__".join(part for part in parts if part)

    @property
    def group(self) -> tuple[str, str | None, str | None, int]:
        """What must be equal for two cells to be compared."""
        return (self.task.id, self.gap_model, self.corpus, self.seed)


@dataclass
class Plan:
    """Stages in an order that respects their inputs, and the cells they serve.

    Attributes:
        stages: By key.
        cells: In table order.
        unavailable: Why a metric cannot be run on this machine, by its id.
    """

    stages: dict[str, Stage] = field(default_factory=dict)
    cells: list[Cell] = field(default_factory=list)
    unavailable: dict[str, str] = field(default_factory=dict)

    def add(self, stage: Stage) -> str:
        """Add a stage unless an equal one is there; its key."""
        self.stages.setdefault(stage.key, stage)
        return stage.key

    @property
    def shared(self) -> int:
        """How many stages sharing saves: those that the cells would make one by one, less those of the plan."""
        alone = sum(len(self._needed(cell.scoring)) + (cell.comparison is not None) for cell in self.cells)
        return alone - len(self.stages)

    def _needed(self, key: str) -> set[str]:
        """A stage and all that it waits for, directly or not."""
        return {key}.union(*(self._needed(needed) for needed in self.stages[key].inputs))
