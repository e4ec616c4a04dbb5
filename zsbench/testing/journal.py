"""A journal that kills the training which writes to it, once."""

from __future__ import annotations

from zsbench.interfaces import TrainingJournal, TrainingState

__all__ = ["KilledTraining", "RehearsedJournal"]


class KilledTraining(BaseException):
    """The training is killed; no captioner catches it, as it could catch no kill."""


class RehearsedJournal(TrainingJournal):
    """Keeps the first state that it is given and kills the training there; the next training goes on undisturbed.

    Attributes:
        state: What was kept, in copies as a file would hold them.
    """

    def __init__(self) -> None:
        self.state: TrainingState | None = None

    def latest(self) -> TrainingState | None:
        """What was kept."""
        return self.state

    def is_due(self) -> bool:
        """At once, until something is kept."""
        return self.state is None

    def keep(self, state: TrainingState) -> None:
        """Keep it and kill.

        Raises:
            KilledTraining: Always.
        """
        tensors = {name: tensor.detach().cpu().clone() for name, tensor in state.tensors.items()}
        self.state = TrainingState(state.steps, tensors, dict(state.facts))
        raise KilledTraining

    def count_tokens(self, tokens: int) -> None:
        """Nobody asks."""
