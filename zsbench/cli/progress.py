"""Progress of a run: bars on a terminal, few lines elsewhere. Goes to standard error."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from types import TracebackType
from typing import TextIO

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    Task,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from zsbench.interfaces import StageView

__all__ = ["BarReporter", "LineReporter", "make_reporter"]

PERIOD = 3600.0
"""Seconds that the pace of a bar is taken from: a single chunk may take minutes."""
FIRST_WORD = 15.0
"""Seconds after which a stage that is not done says how it goes, where there are no bars."""


def make_reporter() -> LineReporter | BarReporter:
    """Bars if standard error is a terminal and no CI says that nobody looks at it, else lines."""
    watched = sys.stderr.isatty() and not os.environ.get("CI")
    return BarReporter() if watched else LineReporter(sys.stderr)


class LineReporter:
    """One line a stage; a long one also says how it goes, early and then ever more rarely.

    Args:
        stream: Where the lines go.
        clock: Seconds, for tests.
    """

    def __init__(self, stream: TextIO, clock: Callable[[], float] = time.monotonic) -> None:
        self.stream = stream
        self.total = self.done = 0
        self.clock = clock
        self.first: dict[str, tuple[float, int, int]] = {}
        self.next_word: dict[str, float] = {}

    def __enter__(self) -> LineReporter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing to close."""

    def run_started(self, total: int) -> None:
        """Remember how many stages there are."""
        self.total = total

    def stage_started(self, stage: StageView) -> None:
        """Say nothing yet."""

    def stage_advanced(self, stage: StageView, done: int, total: int, tokens: int = 0) -> None:
        """Fifteen seconds after a stage's first word, then each time twice as long has passed: how it goes."""
        now = self.clock()
        began, done_before, tokens_before = self.first.setdefault(stage.key, (now, done, tokens))
        seconds, moved = now - began, done - done_before
        if seconds < self.next_word.get(stage.key, FIRST_WORD) or moved <= 0 or done >= total:
            return
        self.next_word[stage.key] = 2 * seconds
        rate = _tell_rate(tokens - tokens_before, seconds)
        left = timedelta(seconds=round((total - done) * seconds / moved))
        told = [f"{done:,} of {total:,}", *([rate] if rate else []), f"{left} left"]
        self.stream.write(f"... {stage.kind}: {stage.label}: {', '.join(told)}\n")
        self.stream.flush()

    def stage_finished(self, stage: StageView, seconds: float) -> None:
        """One line."""
        self._count(f"{stage.kind}: {stage.label} ({seconds:.1f} s)")

    def stage_failed(self, stage: StageView, reason: str) -> None:
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


class _StageRemainingColumn(TimeRemainingColumn):
    """The time that a stage has left; nothing for the whole run, whose stages differ too much to tell."""

    def render(self, task: Task) -> Text:
        """Empty for the whole run."""
        return Text() if task.fields["whole"] else super().render(task)


class BarReporter:
    """A bar for the whole run and one for each stage that runs, with its time left and, of a training, tokens a second.

    Args:
        console: Where; None for standard error.
        clock: Seconds, for tests.
    """

    def __init__(self, console: Console | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self.progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            _StageRemainingColumn(),
            TextColumn("{task.fields[rate]}"),
            console=console or Console(stderr=True),
            speed_estimate_period=PERIOD,
            transient=True,
            get_time=clock,
        )
        self.whole = self.progress.add_task("all stages", total=None, whole=True, rate="")
        self.parts: dict[str, TaskID] = {}
        self.first: dict[str, tuple[float, int]] = {}
        self.clock = clock

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

    def stage_started(self, stage: StageView) -> None:
        """Begin a bar."""
        name = f"{stage.kind}: {stage.label}"
        self.parts[stage.key] = self.progress.add_task(name, total=None, whole=False, rate="")

    def stage_advanced(self, stage: StageView, done: int, total: int, tokens: int = 0) -> None:
        """Move the stage's bar."""
        began, tokens_before = self.first.setdefault(stage.key, (self.clock(), tokens))
        rate = _tell_rate(tokens - tokens_before, self.clock() - began)
        self.progress.update(self.parts[stage.key], completed=done, total=total, rate=rate)

    def stage_finished(self, stage: StageView, seconds: float) -> None:
        """Move the upper bar."""
        self.progress.console.print(f"{stage.kind}: {stage.label} ({seconds:.1f} s)", highlight=False, markup=False)
        self._end(stage)

    def stage_failed(self, stage: StageView, reason: str) -> None:
        """Move the upper bar and say why."""
        self.progress.console.print(f"FAILED {stage.kind}: {stage.label}: {reason}", style="red", markup=False)
        self._end(stage)

    def _end(self, stage: StageView) -> None:
        """Remove the stage's bar and move the upper one."""
        if stage.key in self.parts:
            self.progress.remove_task(self.parts.pop(stage.key))
        self.progress.advance(self.whole)

    def remark(self, text: str) -> None:
        """A line above the bars."""
        self.progress.console.print(f"note: {text}", style="yellow", highlight=False, markup=False)


def _tell_rate(tokens: int, seconds: float) -> str:
    """``12,400 tokens/s``; empty where no tokens are counted."""
    return f"{tokens / seconds:,.0f} tokens/s" if tokens and seconds else ""
