"""How fast a stage goes and how long it has left, from what it says of itself."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

__all__ = ["Forecast", "Pace", "PaceReading", "tell_seconds"]

MINUTE, HOUR = 60, 3600


@dataclass(frozen=True)
class PaceReading:
    """How a stage goes.

    Attributes:
        done: Of ``total``.
        total: What the stage does in all.
        seconds: Since it first told.
        tokens_per_second: Of a training; None for other stages.
        left: Seconds that it has left at this pace; None before it has moved.
    """

    done: int
    total: int
    seconds: float
    tokens_per_second: float | None
    left: float | None

    def __str__(self) -> str:
        """Such as ``300 of 3,000, 12,400 tokens/s, 2 min 40 s left``."""
        parts = [f"{self.done:,} of {self.total:,}"]
        if self.tokens_per_second is not None:
            parts.append(f"{self.tokens_per_second:,.0f} tokens/s")
        if self.left is not None:
            parts.append(f"{tell_seconds(self.left)} left")
        return ", ".join(parts)


class Pace:
    """The pace of one stage from its first word on: what a killed run did before it counts for nothing.

    Args:
        clock: Seconds, for tests.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._first: tuple[float, int, int] | None = None

    def read(self, done: int, total: int, tokens: int = 0) -> PaceReading:
        """Take in what a stage says, and tell how it goes."""
        now = self._clock()
        if self._first is None:
            self._first = (now, done, tokens)
        began, done_before, tokens_before = self._first
        seconds, moved, learned = now - began, done - done_before, tokens - tokens_before
        rate = learned / seconds if learned and seconds else None
        left = (total - done) * seconds / moved if moved > 0 else None
        return PaceReading(done, total, seconds, rate, left)


class Forecast:
    """How long a run has left: its longest running stage, and for each that waits what stages took on average.

    Stages differ, so it is rough until many are done; it is never less than what is known of the running ones.

    Args:
        clock: Seconds, for tests.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._began = clock()
        self._stages = self._ended = 0
        self._running: dict[str, float] = {}

    def begin(self, stages: int) -> None:
        """So many stages are to be made."""
        self._began, self._stages = self._clock(), stages

    def note_running(self, key: str, left: float) -> None:
        """A stage that runs has so many seconds left; stands until it says more."""
        self._running[key] = self._clock() + left

    def note_ended(self, key: str) -> None:
        """A stage ended."""
        self._running.pop(key, None)
        self._ended += 1

    def left(self) -> float | None:
        """Seconds; None while nothing is known."""
        now = self._clock()
        running = max((end - now for end in self._running.values()), default=0.0)
        waiting = self._stages - self._ended - len(self._running)
        if not self._ended:
            return None if waiting or not self._running else max(running, 0.0)
        return max(running, 0.0) + waiting * (now - self._began) / (self._ended + len(self._running))


def tell_seconds(seconds: float) -> str:
    """``40 s``, ``2 min 40 s``, ``1 h 5 min``."""
    whole = round(seconds)
    if whole < MINUTE:
        return f"{whole} s"
    if whole < HOUR:
        return f"{whole // MINUTE} min {whole % MINUTE} s"
    return f"{whole // HOUR} h {whole % HOUR // MINUTE} min"
