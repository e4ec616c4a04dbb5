"""How a run tells about itself while it goes."""

from __future__ import annotations

from typing import Protocol

from zsbench.plan import Stage

__all__ = ["Advance", "Reporter", "Silent"]


class Advance(Protocol):
    """Called by a stage as it advances."""

    def __call__(self, done: int, total: int, tokens: int = 0) -> None:
        """So much is done of so much; a training adds how many tokens it has learned from since it was started."""


class Reporter(Protocol):
    """Told of every stage; several may run at once."""

    def run_started(self, total: int) -> None:
        """``total`` stages will be worked on."""

    def stage_started(self, stage: Stage) -> None:
        """A stage begins."""

    def stage_advanced(self, stage: Stage, done: int, total: int, tokens: int = 0) -> None:
        """A stage has done so much of so much; a training has learned from so many tokens since it was started."""

    def stage_finished(self, stage: Stage, seconds: float) -> None:
        """A stage ended well."""

    def stage_failed(self, stage: Stage, reason: str) -> None:
        """A stage failed, or could not start because one that it waits for failed."""

    def remark(self, text: str) -> None:
        """Something worth saying that is no failure."""


class Silent:
    """Says nothing."""

    def run_started(self, total: int) -> None:
        """Say nothing."""

    def stage_started(self, stage: Stage) -> None:
        """Say nothing."""

    def stage_advanced(self, stage: Stage, done: int, total: int, tokens: int = 0) -> None:
        """Say nothing."""

    def stage_finished(self, stage: Stage, seconds: float) -> None:
        """Say nothing."""

    def stage_failed(self, stage: Stage, reason: str) -> None:
        """Say nothing."""

    def remark(self, text: str) -> None:
        """Say nothing."""
