"""Progress of a run: bars with ETA on a terminal, one line a stage elsewhere. Goes to standard error."""

from __future__ import annotations

import sys
from types import TracebackType
from typing import TYPE_CHECKING, TextIO

from zsbench.plan import Stage

if TYPE_CHECKING:
    from rich.progress import TaskID

__all__ = ["BarReporter", "LineReporter", "make_reporter"]


def make_reporter() -> LineReporter | BarReporter:
    """Bars if standard error is a terminal, else lines."""
    return BarReporter() if sys.stderr.isatty() else LineReporter(sys.stderr)


class LineReporter:
    """One line a stage."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream
        self.total = self.done = 0

    def __enter__(self) -> LineReporter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing to close."""

    def run_started(self, total: int) -> None:
        """Remember how many stages there are."""
        self.total = total

    def stage_started(self, stage: Stage) -> None:
        """Say nothing yet."""

    def stage_advanced(self, stage: Stage, done: int, total: int) -> None:
        """Say nothing."""

    def stage_finished(self, stage: Stage, seconds: float) -> None:
        """One line."""
        self._count(f"{stage.kind}: {stage.label} ({seconds:.1f} s)")

    def stage_failed(self, stage: Stage, reason: str) -> None:
        """One line."""
        self._count(f"FAILED {stage.kind}: {stage.label}: {reason}")

    def remark(self, text: str) -> None:
        """One line."""
        self.stream.write(f"note: {text}\n")

    def _count(self, text: str) -> None:
        """A line with the count of stages."""
        self.done += 1
        self.stream.write(f"[{self.done}/{self.total}] {text}\n")
        self.stream.flush()


class BarReporter:
    """A bar for the whole run and one for each stage that runs, each with its ETA."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import (
            BarColumn,
            MofNCompleteColumn,
            Progress,
            TextColumn,
            TimeElapsedColumn,
            TimeRemainingColumn,
        )

        self.progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            transient=True,
        )
        self.whole = self.progress.add_task("all stages", total=None)
        self.parts: dict[str, TaskID] = {}

    def __enter__(self) -> BarReporter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.progress.stop()

    def run_started(self, total: int) -> None:
        """Set the length of the upper bar and show it."""
        self.progress.update(self.whole, total=total)
        self.progress.start()

    def stage_started(self, stage: Stage) -> None:
        """Begin a bar."""
        self.parts[stage.key] = self.progress.add_task(f"{stage.kind}: {stage.label}", total=None)

    def stage_advanced(self, stage: Stage, done: int, total: int) -> None:
        """Move the stage's bar."""
        self.progress.update(self.parts[stage.key], completed=done, total=total)

    def stage_finished(self, stage: Stage, seconds: float) -> None:
        """Move the upper bar."""
        self.progress.console.print(f"{stage.kind}: {stage.label} ({seconds:.1f} s)", highlight=False, markup=False)
        self._end(stage)

    def stage_failed(self, stage: Stage, reason: str) -> None:
        """Move the upper bar and say why."""
        self.progress.console.print(f"FAILED {stage.kind}: {stage.label}: {reason}", style="red", markup=False)
        self._end(stage)

    def _end(self, stage: Stage) -> None:
        """Remove the stage's bar and move the upper one."""
        if stage.key in self.parts:
            self.progress.remove_task(self.parts.pop(stage.key))
        self.progress.advance(self.whole)

    def remark(self, text: str) -> None:
        """A line above the bars."""
        self.progress.console.print(f"note: {text}", style="yellow", highlight=False, markup=False)
