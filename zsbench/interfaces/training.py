"""The contract of what trains, and of the journal that a training is handed, which outlives the process."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Generic, TypeVar

from zsbench.interfaces.records import Frozen

if TYPE_CHECKING:
    from torch import Generator, Tensor

    from zsbench.interfaces.captioner import CaptionerResources, Progress, TrainingReport
    from zsbench.interfaces.task import CorpusFeatures

__all__ = ["Trainer", "TrainingJournal", "TrainingState"]

ConfigT = TypeVar("ConfigT", bound=Frozen)


@dataclass(frozen=True)
class TrainingState:
    """Everything that a training needs to go on as if nothing had happened.

    Attributes:
        steps: Optimiser steps done; with a fixed order of the data also the place in the data.
        tensors: Weights, the optimiser's moments, states of random generators, losses so far; on any device.
        facts: What is no tensor: plain numbers and texts.
    """

    steps: int
    tensors: Mapping[str, Tensor]
    facts: Mapping[str, int | float | str] = field(default_factory=dict)


class TrainingJournal(ABC):
    """Where a long training writes how far it is, and where a killed one is taken up again.

    A captioner that trains for minutes asks ``latest`` once, before its first step, and goes on from there; after
    each step it asks ``is_due`` and, if so, hands its state to ``keep``. A training that is taken up ends with the
    same weights, to the bit, as one that was never disturbed. How often states are kept decides nothing but what a
    kill costs. A captioner that ignores its journal begins anew when it was killed.
    """

    @abstractmethod
    def latest(self) -> TrainingState | None:
        """The last state that was kept, its tensors on the CPU; None for a training that begins."""

    @abstractmethod
    def is_due(self) -> bool:
        """Whether the last state was kept long enough ago."""

    @abstractmethod
    def keep(self, state: TrainingState) -> None:
        """Write a state whole or not at all; the one before is of no use then."""

    @abstractmethod
    def count_tokens(self, tokens: int) -> None:
        """Note that so many more tokens were learned from: progress shows tokens a second."""


class Trainer(ABC, Generic[ConfigT]):
    """What trains for a captioner, if its spec names a trainer: its code, not the captioner's, is the training's.

    It lives in a module that imports nothing that only captions, and its config's settings of inference are the
    defaults. It uses ``embed``, ``logits`` and ``text_loss`` of the language model, never ``generate``: an edit of how
    texts are decoded does not retrain. A captioner that trains by decoding names no trainer and trains itself.

    Args:
        config: The captioner's, of which ``training`` alone counts.
    """

    def __init__(self, config: ConfigT) -> None:
        self.config = config

    @abstractmethod
    def load(self, resources: CaptionerResources) -> None:
        """Take the resources over, as the captioner's ``load`` does."""

    @abstractmethod
    def train(self, corpus: CorpusFeatures, generator: Generator, *, progress: Progress) -> TrainingReport:
        """Train on text alone, as ``Captioner.train``."""

    @abstractmethod
    def save(self, folder: Path) -> None:
        """Write what the captioner's ``restore`` takes over, as safetensors and JSON."""
