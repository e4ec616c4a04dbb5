"""Where workers say how far they are, and the command reads it."""

from __future__ import annotations

import time
from typing import Any

from zsbench.interfaces.engine import Advance

__all__ = ["ProgressBoard", "report_to"]

TOLD_EVERY = 0.5


class ProgressBoard:
    """How far each stage is; lives on the command's node, so that no other node's death takes it away."""

    def __init__(self) -> None:
        self._said: dict[str, tuple[int, int, int]] = {}

    def tell(self, key: str, done: int, total: int, tokens: int = 0) -> None:
        """A stage has done so much of so much; total 0 says that it begins."""
        self._said[key] = (done, total, tokens)

    def read(self) -> dict[str, tuple[int, int, int]]:
        """What was said since the last time."""
        said, self._said = self._said, {}
        return said


def report_to(board: Any, key: str) -> Advance:
    """A progress callback that tells the board's actor now and then; nobody waits for an answer."""
    told = 0.0

    def advance(done: int, total: int, tokens: int = 0) -> None:
        """Tell, unless something was told a moment ago."""
        nonlocal told
        if time.monotonic() - told >= TOLD_EVERY:
            told = time.monotonic()
            board.tell.remote(key, done, total, tokens)

    return advance
