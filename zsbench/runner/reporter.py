"""How a run tells about itself while it goes."""

from __future__ import annotations

from typing import Protocol

from zsbench.interfaces import StageView

__all__ = ["Reporter", "Silent"]


class Reporter(Protocol):
    """Told of every stage; several may run at once."""

    def run_started(self, total: int) -> None:
        """``total`` stages will be worked on."""

    def stage_started(self, stage: StageView) -> None:
        """A stage begins."""

    def stage_advanced(self, stage: StageView, done: int, total: int, tokens: int = 0) -> None:
        """A stage has done so much of so much; a training has learned from so many tokens since it was started."""

    def stage_finished(self, stage: StageView, seconds: float) -> None:
        """A stage ended well."""

    def stage_failed(self, stage: StageView, reason: str) -> None:
        """A stage failed, or could not start because one that it waits for failed."""

    def remark(self, text: str) -> None:
        """Something worth saying that is no failure."""


class Silent:
    """Says nothing."""

    def run_started(self, total: int) -> None:
        """Say nothing."""

    def stage_started(self, stage: StageView) -> None:
        """Say nothing."""

    def stage_advanced(self, stage: StageView, done: int, total: int, tokens: int = 0) -> None:
        """Say nothing."""

    def stage_finished(self, stage: StageView, seconds: float) -> None:
        """Say nothing."""

    def stage_failed(self, stage: StageView, reason: str) -> None:
        """Say nothing."""

    def remark(self, text: str) -> None:
        """Say nothing."""
