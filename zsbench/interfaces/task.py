"""The contract of a task and of a text corpus.

Shapes: N examples or texts, D joint width.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from zsbench.errors import ScoringError, few
from zsbench.interfaces.records import Frozen

if TYPE_CHECKING:
    from torch import Tensor

__all__ = [
    "CorpusCard",
    "CorpusFeatures",
    "Example",
    "GroupIdf",
    "RequiredFile",
    "Task",
    "TaskCard",
    "TaskKind",
    "TextCorpus",
]

TaskKind = Literal["captioning", "question-answering"]
GroupIdf = Literal["shared", "per-group"]
OFFICIAL_KEYS: Mapping[TaskKind, tuple[str, str]] = {
    "captioning": ("image_id", "caption"),
    "question-answering": ("question_id", "answer"),
}
"""How official result files name the example and what is said of it."""


class TaskCard(Frozen):
    """The facts of a task, read from its YAML card."""

    id: str = Field(description="the task's id")
    title: str = Field(description="what people call it")
    kind: TaskKind = Field(description="captioning or question-answering")
    split: str = Field(description="the split's name in the files")
    source: str = Field(description="where the data come from")
    licence: str = Field(description="under which terms")
    revision: str = Field(description="which version of the files")
    files: tuple[str, ...] = Field(description="files and folders needed under the data root")
    examples: int | None = Field(default=None, description="how many examples the official split has")
    ids_sha256: str | None = Field(default=None, description="SHA-256 of the official ids, sorted, newline-joined")
    group_examples: Mapping[str, Mapping[str, int]] = Field(
        default_factory=dict, description="official number of examples by grouping and group"
    )
    groupings: tuple[str, ...] = Field(
        default=(), description="groupings whose groups have columns of their own in the task's table"
    )
    headline_grouping: str | None = Field(
        default=None, description="grouping whose groups stand beside the main metric in the overview of all tasks"
    )
    group_idf: GroupIdf = Field(
        default="shared",
        description="document frequencies of a group's score: of the whole split (shared) or its own (per-group)",
    )
    metrics: tuple[str, ...] = Field(description="ids of the metrics, in table order")
    main_metric: str = Field(description="the metric that decides")


class CorpusCard(Frozen):
    """The facts of a text corpus, read from its YAML card."""

    id: str = Field(description="the corpus's id")
    title: str = Field(description="what people call it")
    source: str = Field(description="where the data come from")
    licence: str = Field(description="under which terms")
    revision: str = Field(description="which version of the files")
    files: tuple[str, ...] = Field(description="files and folders needed under the data root")
    texts: int | None = Field(default=None, description="how many texts the official corpus has")


@dataclass(frozen=True)
class RequiredFile:
    """A file or folder that a task or a corpus reads, and where it may lie.

    Attributes:
        name: What the card calls it, such as ``dataset_coco.json``.
        places: Where it is looked for; the first place that exists wins.
    """

    name: str
    places: tuple[Path, ...]

    @property
    def found(self) -> Path | None:
        """The first place that exists; None if there is none."""
        return next((place for place in self.places if place.exists()), None)


@dataclass(frozen=True)
class Example:
    """One thing to caption or answer.

    Attributes:
        id: Stable, unique within the task.
        image: The image file.
        question: The question, for a question-answering task.
    """

    id: str
    image: Path
    question: str | None = None


class Task(ABC):
    """Examples in a fixed order, and what is right for each.

    The constructor stores the data root and reads nothing; reading happens on first use and never opens images.
    """

    @property
    @abstractmethod
    def card(self) -> TaskCard:
        """The task's facts."""

    @property
    @abstractmethod
    def content_hash(self) -> str:
        """SHA-256 over ids, questions and references, in order: changes whenever what is asked or right changes."""

    @abstractmethod
    def examples(self) -> Sequence[Example]:
        """Every example of the split, in a fixed order with stable ids.

        Raises:
            MissingDataError: A file of the card is not under the data root.
            CorruptDataError: A file is not what it should be.
        """

    @abstractmethod
    def references(self) -> Mapping[str, Sequence[str]]:
        """What is right, by example id, for the whole split: reference captions, or human answers."""

    def groups(self) -> Mapping[str, Mapping[str, Sequence[str]]]:
        """Parts of the split that are scored on their own: ids by grouping and group, such as ``domain: in-domain``.

        Groups are listed in table order, ids in the order of ``examples``. Every grouping is recorded; the card says
        which are shown. A task without groups returns nothing.
        """
        return {}

    def required_files(self) -> Sequence[RequiredFile]:
        """The files and folders it reads, for listings; looks for nothing and reads nothing.

        A task that says nothing here reads the files of its card, under the data root or a folder in it.
        """
        return ()

    def iter_problems(self) -> Iterator[str]:
        """What a thorough look at the data finds beside what reading them refuses, such as a leak between splits.

        `zsbench data verify` asks; a run does not. Images need not be looked at.
        """
        yield from ()

    def official_results(self, predictions: Mapping[str, str]) -> Sequence[Mapping[str, str | int]]:
        """Predictions in the form of the data set's own evaluation, one row an example, in the order given.

        By default ``{"image_id", "caption"}`` (COCO, NoCaps) or ``{"question_id", "answer"}`` (VQAv2, OK-VQA), with
        whole numbers for ids where every id is one.
        """
        id_key, text_key = OFFICIAL_KEYS[self.card.kind]
        numbers = all(id_.isdecimal() and str(int(id_)) == id_ for id_ in predictions)
        return [{id_key: int(id_) if numbers else id_, text_key: text} for id_, text in predictions.items()]

    def check_predictions(self, predictions: Mapping[str, str], expected: Sequence[str]) -> None:
        """Refuse predictions that do not cover exactly the expected ids.

        Raises:
            ScoringError: Ids are missing or unknown; they are listed.
        """
        missing = [id_ for id_ in expected if id_ not in predictions]
        extra = sorted(set(predictions) - set(expected))
        if missing or extra:
            raise ScoringError(
                f"{len(missing)} ids are missing ({few(missing)}) and {len(extra)} are unknown ({few(extra)}).",
                f"Task {self.card.id} expects one prediction for each of {len(expected)} ids.",
                "Check that the predictions belong to this task and split.",
                ids=[*missing, *extra],
            )


class TextCorpus(ABC):
    """Texts to train on, and nothing else."""

    @property
    def card(self) -> CorpusCard | None:
        """The corpus's facts; None if it has no card."""
        return None

    def required_files(self) -> Sequence[RequiredFile]:
        """The files it reads, for listings; without any, those of its card, under the data root or a folder in it."""
        return ()

    @abstractmethod
    def texts(self) -> Sequence[str]:
        """Every text in a fixed order, each one non-empty line.

        Raises:
            MissingDataError: The corpus is not under the data root.
            CorruptDataError: A file is not what it should be.
        """

    def __iter__(self) -> Iterator[str]:
        """The texts, one by one."""
        return iter(self.texts())


@dataclass(frozen=True)
class CorpusFeatures:
    """A text corpus with its features.

    Attributes:
        texts: N texts.
        features: ``(N, D)`` float32 on the CPU, unit norm; may be memory-mapped: do not modify.
        encoder: Fingerprint of the encoder that made the features.
    """

    texts: Sequence[str]
    features: Tensor
    encoder: str

    def __len__(self) -> int:
        """N."""
        return len(self.texts)
