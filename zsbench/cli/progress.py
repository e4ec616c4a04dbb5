"""Progress of a run: bars with ETA on a terminal, few lines elsewhere. Goes to standard error."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, TextIO

from zsbench.plan import Stage
from zsbench.runner.pace import Forecast, Pace, tell_seconds

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import TaskID

__all__ = ["BarReporter", "LineReporter", "make_reporter"]


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
        self.paces: dict[str, Pace] = {}
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

    def stage_started(self, stage: Stage) -> None:
        """Say nothing yet."""

    def stage_advanced(self, stage: Stage, done: int, total: int, tokens: int = 0) -> None:
        """Fifteen seconds after a stage's first word, then each time twice as long has passed: how it goes."""
        reading = self.paces.setdefault(stage.key, Pace(self.clock)).read(done, total, tokens)
        due = self.next_word.setdefault(stage.key, FIRST_WORD)
        if due <= reading.seconds and done < total:
            self.next_word[stage.key] = 2 * reading.seconds
            self.stream.write(f"... {stage.kind}: {stage.label}: {reading}\n")
            self.stream.flush()

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
    """A bar for the whole run and one for each stage that runs, each with its ETA; a training with its tokens a second.

    Args:
        console: Where; None for standard error.
        clock: Seconds, for tests.
    """

    def __init__(self, console: Console | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

        self.progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.fields[left]}"),
            TextColumn("{task.fields[rate]}"),
            console=console or Console(stderr=True),
            transient=True,
        )
        self.whole = self.progress.add_task("all stages", total=None, left="", rate="")
        self.parts: dict[str, TaskID] = {}
        self.clock = clock
        self.paces: dict[str, Pace] = {}
        self.forecast = Forecast(clock)

    def __enter__(self) -> BarReporter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.progress.stop()

    def run_started(self, total: int) -> None:
        """Set the length of the upper bar and show it."""
        self.forecast.begin(total)
        self.progress.update(self.whole, total=total)
        self.progress.start()

    def stage_started(self, stage: Stage) -> None:
        """Begin a bar."""
        self.parts[stage.key] = self.progress.add_task(f"{stage.kind}: {stage.label}", total=None, left="", rate="")
        self.paces[stage.key] = Pace(self.clock)

    def stage_advanced(self, stage: Stage, done: int, total: int, tokens: int = 0) -> None:
        """Move the stage's bar, and say how long the stage and the whole run have left."""
        reading = self.paces[stage.key].read(done, total, tokens)
        left = "" if reading.left is None else f"{tell_seconds(reading.left)} left"
        rate = "" if reading.tokens_per_second is None else f"{reading.tokens_per_second:,.0f} tokens/s"
        self.progress.update(self.parts[stage.key], completed=done, total=total, left=left, rate=rate)
        if reading.left is not None:
            self.forecast.note_running(stage.key, reading.left)
        self._tell_whole()

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
        self.forecast.note_ended(stage.key)
        self.progress.advance(self.whole)
        self._tell_whole()

    def _tell_whole(self) -> None:
        """The estimate of the whole run."""
        left = self.forecast.left()
        self.progress.update(self.whole, left="" if left is None else f"about {tell_seconds(left)} left")

    def remark(self, text: str) -> None:
        """A line above the bars."""
        self.progress.console.print(f"note: {text}", style="yellow", highlight=False, markup=False)
