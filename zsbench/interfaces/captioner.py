"""The contract of a captioner.

Shapes: B images, N texts, D joint width.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Generic, TypeVar

from zsbench.errors import CaptionerError
from zsbench.interfaces.records import Frozen

if TYPE_CHECKING:
    from PIL.Image import Image
    from torch import Generator, Tensor

    from zsbench.interfaces.encoder import Encoder, ImageFeatures
    from zsbench.interfaces.gap import GapModel
    from zsbench.interfaces.language import LanguageModel
    from zsbench.interfaces.task import CorpusFeatures
    from zsbench.interfaces.training import TrainingJournal

__all__ = [
    "Candidate",
    "Caption",
    "Captioner",
    "CaptionerNeeds",
    "CaptionerResources",
    "ImageBatch",
    "Progress",
    "Regions",
    "TrainingReport",
]

ConfigT = TypeVar("ConfigT", bound=Frozen)
Progress = Callable[[int, int], None]
"""Called with (done, total) as work advances."""

MOST_CELLS = 64
"""So many cells of an image are recorded at most."""

MOST_SIDE = 256


@dataclass(frozen=True)
class CaptionerNeeds:
    """What a captioner must be given, and what it can do; the plan is made from this.

    Attributes:
        training: It has a ``train`` step on a text corpus.
        memory: It reads the text corpus while captioning (retrieval).
        encoder: It calls the encoder itself while captioning (re-ranking).
        language_model: It needs the frozen language model.
        patches: It needs patch tokens and attention beside the pooled feature.
        pixels: It needs the decoded images themselves.
        gap_model: It uses the gap models named by ``training.gap`` and ``inference.gap`` of its config.
        answers: It implements ``answer``.
        references: It looks at the reference captions of the very image: an upper bound, marked in every table.
        own_weights: It loads weights or data of its own that no setting names; its ``fingerprint`` identifies them.
    """

    training: bool = False
    memory: bool = False
    encoder: bool = False
    language_model: bool = False
    patches: bool = False
    pixels: bool = False
    gap_model: bool = False
    answers: bool = False
    references: bool = False
    own_weights: bool = False


@dataclass(frozen=True)
class CaptionerResources:
    """What ``load`` hands over; a field is None unless the captioner's needs name it.

    Attributes:
        device: A torch device, for everything that computes.
        encoder: For a training its weights are loaded only if the captioner lets it encode something; ``dim`` and
            ``fingerprint`` are known without.
        language_model: Its weights on the device.
        training_gap: The gap model of training.
        inference_gap: The gap model of inference.
        memory: The corpus, for a captioner that reads it while captioning.
        journal: Where a training keeps its state, so that a killed one goes on; None outside of a training. A
            captioner may ignore it.
    """

    device: str = "cpu"
    encoder: Encoder | None = None
    language_model: LanguageModel | None = None
    training_gap: GapModel | None = None
    inference_gap: GapModel | None = None
    memory: CorpusFeatures | None = None
    journal: TrainingJournal | None = None


@dataclass(frozen=True)
class ImageBatch:
    """B images to caption.

    Attributes:
        ids: B stable ids.
        features: What the encoder says about them.
        generators: B fresh generators on the CPU, one an image, seeded from the run's seed and the image's id; all
            randomness of image i comes from ``generators[i]``, so results do not depend on the batch.
        images: The decoded images, or None unless the captioner needs pixels.
        references: B times ``(r_i, D)`` features of the reference captions, or None unless it needs references.
    """

    ids: tuple[str, ...]
    features: ImageFeatures
    generators: tuple[Generator, ...]
    images: tuple[Image, ...] | None = None
    references: tuple[Tensor, ...] | None = None

    def __len__(self) -> int:
        """B."""
        return len(self.ids)


@dataclass(frozen=True)
class Candidate:
    """One caption that was considered, with the score it was judged by (higher is better, None if not judged)."""

    text: str
    score: float | None = None


@dataclass(frozen=True)
class Regions:
    """Where in an image a captioner looked: for people to see, never for a score.

    Attributes:
        side: The encoder's patches form a square grid of side x side cells, in raster order.
        cells: At most 64 different cells, ``0 <= cell < side * side``.
        weights: One a cell, finite and not negative, such as its attention; only their relation is shown.

    Raises:
        CaptionerError: It is anything else.
    """

    side: int
    cells: tuple[int, ...]
    weights: tuple[float, ...]

    def __post_init__(self) -> None:
        """Refuse what cannot be drawn."""
        whole = all(type(number) is int for number in (self.side, *self.cells))
        if not (
            whole
            and 1 <= self.side <= MOST_SIDE
            and 1 <= len(self.cells) == len(set(self.cells)) == len(self.weights) <= MOST_CELLS
            and all(0 <= cell < self.side**2 for cell in self.cells)
            and all(math.isfinite(weight) and weight >= 0 for weight in self.weights)
        ):
            raise CaptionerError(
                f"The regions {self.cells} with the weights {self.weights} are not cells of {self.side} x {self.side}.",
                f"Expected 1 to {MOST_CELLS} different cells below side * side, and a weight of 0 or more each.",
                "Record the cells that weigh most, or `regions=None`.",
                captioner="",
            )


@dataclass(frozen=True)
class Caption:
    """The caption of one image: every candidate, and which was chosen.

    Attributes:
        candidates: At least one; each text is one clean line (it may be empty).
        chosen: Index of the candidate that is the caption.
        regions: Where the captioner looked, if it selects; the sample viewer draws it.
    """

    candidates: tuple[Candidate, ...]
    chosen: int = 0
    regions: Regions | None = None

    @property
    def text(self) -> str:
        """The caption."""
        return self.candidates[self.chosen].text


@dataclass(frozen=True)
class TrainingReport:
    """What a training run says about itself.

    Attributes:
        steps: Optimiser steps taken.
        examples: Training texts seen, repetitions counted.
        losses: Mean loss (nats per token) over each tenth of the training, in order.
    """

    steps: int
    examples: int
    losses: tuple[float, ...] = field(default=())


class Captioner(ABC, Generic[ConfigT]):
    """Says what is in an image, after training on text alone or on nothing at all.

    The constructor stores a frozen config and nothing else; ``load`` takes the resources. A config whose class has
    the fields ``training`` and ``inference`` lets captioners that differ only in ``inference`` share one training.

    Attributes:
        needs: What it must be given and what it can do.
    """

    needs: ClassVar[CaptionerNeeds] = CaptionerNeeds()

    def __init__(self, config: ConfigT) -> None:
        self.config = config

    @property
    def fingerprint(self) -> str:
        """Hash of the weights and data that it loads itself, such as a checkpoint in a cache; needs no ``load``.

        Asked only where ``needs.own_weights`` says that there are some. A file that a setting names needs none: give
        the field the type ``InputPath``.
        """
        return ""

    @abstractmethod
    def load(self, resources: CaptionerResources) -> None:
        """Take the resources over and build what is built from them; no training, no randomness.

        Args:
            resources: What ``needs`` asked for.
        """

    def train(self, corpus: CorpusFeatures, generator: Generator, *, progress: Progress) -> TrainingReport:
        """Train on text alone; slow.

        Args:
            corpus: N texts and their ``(N, D)`` features.
            generator: The only source of randomness, on the CPU.
            progress: Called now and then with (done, total) steps.

        Returns:
            What was done.

        Raises:
            CaptionerError: The captioner has no training.
        """
        raise _not_offered(self, "train")

    def save(self, folder: Path) -> None:
        """Write what training learned to a folder, as safetensors and JSON.

        Raises:
            CaptionerError: The captioner has no training.
        """
        raise _not_offered(self, "save")

    def restore(self, folder: Path) -> None:
        """Take over what an equal captioner's ``save`` wrote, after ``load``.

        Raises:
            CaptionerError: The captioner has no training.
        """
        raise _not_offered(self, "restore")

    @abstractmethod
    def caption(self, batch: ImageBatch) -> list[Caption]:
        """Caption B images.

        Args:
            batch: The images; not modified.

        Returns:
            B captions in the order of the batch; each independent of the other images.
        """

    def answer(self, batch: ImageBatch, questions: Sequence[str]) -> list[str]:
        """Answer one question an image, shortly.

        Args:
            batch: B images, an image repeated for each of its questions.
            questions: B questions.

        Returns:
            B answers in the order of the batch.

        Raises:
            CaptionerError: The captioner does not answer questions.
        """
        raise _not_offered(self, "answer")


def _not_offered(captioner: Captioner[ConfigT], verb: str) -> CaptionerError:
    """The error of a captioner that is asked for what its needs do not declare."""
    name = type(captioner).__name__
    return CaptionerError(
        f"{name} was asked to {verb}.",
        f"It does not offer `{verb}`.",
        "Choose a captioner that does: `zsbench ls captioners` lists what each can do.",
        captioner=name,
    )
