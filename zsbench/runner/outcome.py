"""How the stages of a plan went."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from zsbench.metering import Tally

__all__ = ["Outcome", "StageRecord", "State"]

State = Literal["cached", "done", "failed", "skipped", "not needed", "missing"]


@dataclass(frozen=True)
class StageRecord:
    """How one stage went.

    Attributes:
        state: cached, done, failed, skipped (an input failed) or not needed (what it feeds is cached).
        seconds: Time it took when it was made, now or in an earlier run.
        reason: Why it failed or was skipped.
        traceback: The failure's traceback.
        work: What a profiled run counted of it.
        remarks: What is worth saying of how it was made, such as a batch that was halved because memory ran out.
    """

    state: State
    seconds: float = 0.0
    reason: str = ""
    traceback: str = ""
    work: tuple[Tally, ...] = ()
    remarks: tuple[str, ...] = ()


@dataclass
class Outcome:
    """How every stage of a plan went, where the outputs are, and what workers took.

    Attributes:
        stages: By key.
        places: Folder of each finished stage, by key.
        worker_memory: Largest resident set of each worker process, in bytes.
    """

    stages: dict[str, StageRecord] = field(default_factory=dict)
    places: dict[str, Path] = field(default_factory=dict)
    worker_memory: list[int] = field(default_factory=list)

    def count(self, state: State) -> int:
        """How many stages ended in a state."""
        return sum(record.state == state for record in self.stages.values())

    def lost(self, inputs: Iterable[str]) -> str:
        """Why a stage with these inputs cannot start; empty if it can."""
        for key in inputs:
            record = self.stages[key]
            if record.state in {"failed", "skipped"}:
                return record.reason
        return ""
