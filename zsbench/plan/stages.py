"""Stages, cells and the plan: plain records, executed by ``zsbench.runner``."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from zsbench.config import Answering
from zsbench.interfaces import GroupIdf
from zsbench.plan.choices import EncoderChoice, GapChoice, LanguageModelChoice
from zsbench.plan.data import CorpusChoice, Item, ReferenceTexts, TaskChoice, TextSource
from zsbench.registry import ResolvedCaptioner

__all__ = [
    "Cell",
    "Comparison",
    "GapFit",
    "ImageEncoding",
    "Plan",
    "Prediction",
    "Reading",
    "References",
    "Scoring",
    "Similarity",
    "Stage",
    "TextEncoding",
    "Training",
    "Work",
]


@dataclass(frozen=True)
class TextEncoding:
    """Features of a corpus, or of a task's references."""

    encoder: EncoderChoice
    source: TextSource


@dataclass(frozen=True)
class ImageEncoding:
    """Features of a task's images, each once.

    Attributes:
        strict: Whether an unreadable image is an error.
    """

    encoder: EncoderChoice
    task: TaskChoice
    patches: bool
    strict: bool = False


@dataclass(frozen=True)
class GapFit:
    """A fit of a gap model.

    Attributes:
        gap: Which.
        texts: Key of the text features it sees, or None.
        images: Key of the image features it sees, or None.
        pairs: How many texts belong to each image, in order, for a fit on pairs.
    """

    gap: GapChoice
    texts: str | None
    images: str | None
    pairs: tuple[int, ...] | None = None


@dataclass(frozen=True)
class Training:
    """One training, shared by every captioner that differs only at inference.

    Attributes:
        captioner: The captioner, as the first cell that needs the training names it.
        gap: The gap model of training and the key of its fit.
        texts: Key of the text features.
        checkpoint_seconds: Seconds between the states that it keeps while it trains; None for none.
    """

    captioner: ResolvedCaptioner
    encoder: EncoderChoice
    corpus: CorpusChoice
    language_model: LanguageModelChoice | None
    gap: tuple[GapChoice, str | None] | None
    texts: str
    seed: int
    device: str
    checkpoint_seconds: float | None = None


@dataclass(frozen=True)
class Prediction:
    """Captions of images, or answers to questions about them.

    Attributes:
        items: What to caption or answer, in order.
        training: Key of the training, or None.
        gap: The gap model of inference and the key of its fit.
        texts: Key of the text features, if the captioner reads the corpus.
        images: Key of the image features.
        references: The items' reference captions and the key of their features, for a captioner that looks at them.
    """

    captioner: ResolvedCaptioner
    items: Sequence[Item]
    encoder: EncoderChoice
    language_model: LanguageModelChoice | None
    corpus: CorpusChoice
    training: str | None
    gap: tuple[GapChoice, str | None] | None
    texts: str | None
    images: str
    references: tuple[ReferenceTexts, str] | None
    seed: int
    batch_size: int
    device: str


@dataclass(frozen=True)
class Reading:
    """Answers that the language model reads out of captions.

    Attributes:
        task: Asks the questions.
        captions: Key of the prediction that captions the task's images.
    """

    task: TaskChoice
    language_model: LanguageModelChoice
    captions: str
    answering: Answering
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
        group_idf: Whose document frequencies the scores of groups use.
        corpus: What the captioner was trained on or reads, to find repeated captions.
        similarity: What CLIPScore needs, if the matrix names a scoring encoder.
    """

    task: TaskChoice
    metrics: tuple[str, ...]
    unavailable: tuple[str, ...]
    references: str
    prediction: str
    group_idf: GroupIdf = "shared"
    corpus: CorpusChoice | None = None
    similarity: Similarity | None = None
    device: str = "cpu"


@dataclass(frozen=True)
class Similarity:
    """A scoring encoder with what it says of a task.

    Attributes:
        encoder: The scoring encoder.
        images: Key of its features of the task's images.
        references: By prompt, the references and the key of their features.
        same_encoder: Whether the captioners use the same one.
    """

    encoder: EncoderChoice
    images: str
    references: Mapping[str, tuple[ReferenceTexts, str]]
    same_encoder: bool


@dataclass(frozen=True)
class Comparison:
    """Paired differences of a cell to the baseline's cell."""

    task: TaskChoice
    metrics: tuple[str, ...]
    references: str
    scoring: str
    baseline: str


Work = TextEncoding | ImageEncoding | GapFit | Training | References | Prediction | Reading | Scoring | Comparison


@dataclass(frozen=True)
class Stage:
    """A piece of work with the key of its output.

    Attributes:
        kind: text-features, image-features, gap-fit, train, references, predict, read, score or compare.
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
    """One row of the matrix on one task, with the keys of its stages.

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
        images: Key of the image features, which know the images that could not be read.
        comparison: Key of its comparison to the baseline's cell, or None.
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
    images: str
    prediction: str
    references: str
    scoring: str
    comparison: str | None = None
    compared_route: str = ""

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

    def add(self, stage: Stage) -> str:
        """Add a stage unless an equal one is there; its key."""
        self.stages.setdefault(stage.key, stage)
        return stage.key

    @property
    def gap_models(self) -> set[str]:
        """Ids of the gap models that trainings and predictions use."""
        works = (stage.work for stage in self.stages.values())
        return {work.gap[0].id for work in works if isinstance(work, (Training, Prediction)) and work.gap}

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
            uses.update(self._needed(cell.scoring) | ({cell.comparison} if cell.comparison else set()))
        return uses

    def _needed(self, key: str) -> set[str]:
        """A stage and all that it waits for, directly or not."""
        return {key}.union(*(self._needed(needed) for needed in self.stages[key].inputs))
