"""Who failed: a cell by its stages, a comparison by its own, a run by either."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from zsbench.interfaces import StageRecord

__all__ = [
    "FAILED_CELLS",
    "CellOutcome",
    "Failure",
    "choose_exit_code",
    "find_failure",
    "has_failed",
    "tell_failed_comparison",
]

FAILED_CELLS = 4
"""Exit code of a run in which a cell or a comparison failed."""


@dataclass(frozen=True)
class Failure:
    """Which stage failed, and why."""

    stage: str
    reason: str


def find_failure(stages: Iterable[tuple[str, StageRecord]]) -> Failure | None:
    """The first of some stages that failed, or was skipped because something before it did.

    Args:
        stages: Kind and record of each, in the order of the work.
    """
    lost = (Failure(kind, record.reason) for kind, record in stages if record.state in {"failed", "skipped"})
    return next(lost, None)


class CellOutcome(Protocol):
    """What a record says of how a cell went."""

    @property
    def status(self) -> str:
        """Done or failed."""

    @property
    def comparison_failed(self) -> str:
        """Why the comparison with the baseline's cell failed; empty if it did not."""


def has_failed(result: CellOutcome) -> bool:
    """Whether a cell failed, by its result."""
    return result.status == "failed"


def tell_failed_comparison(result: CellOutcome) -> str:
    """Why the comparison of a cell with its baseline failed; empty if it did not, or there was none."""
    return result.comparison_failed


def choose_exit_code(results: Iterable[CellOutcome]) -> int:
    """``FAILED_CELLS`` if a cell or a comparison failed, else 0."""
    return FAILED_CELLS if any(has_failed(one) or tell_failed_comparison(one) for one in results) else 0
