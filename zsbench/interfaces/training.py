"""The contract of what a training is handed beside its data: a journal that outlives the process."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["TrainingJournal", "TrainingState"]


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
