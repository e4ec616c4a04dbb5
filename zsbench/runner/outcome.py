"""How the stages of a plan went."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from zsbench.interfaces import StageRecord
from zsbench.interfaces.engine import StageState

__all__ = ["Outcome"]


@dataclass
class Outcome:
    """How every stage of a plan went, where the outputs are, and what workers took.

    Attributes:
        stages: By key.
        outputs: Folder of each finished stage, by key.
        worker_memory: Largest resident set of each worker process, in bytes.
    """

    stages: dict[str, StageRecord] = field(default_factory=dict)
    outputs: dict[str, Path] = field(default_factory=dict)
    worker_memory: list[int] = field(default_factory=list)

    def count(self, state: StageState) -> int:
        """How many stages ended in a state."""
        return sum(record.state == state for record in self.stages.values())

    def lost(self, inputs: Iterable[str]) -> str:
        """Why a stage with these inputs cannot start; empty if it can."""
        for key in inputs:
            record = self.stages[key]
            if record.state in {"failed", "skipped"}:
                return record.reason
        return ""
