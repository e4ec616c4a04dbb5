"""Out of memory: the batch is halved, the work goes on, and whoever listens is told.

A limit below which results would change is given as ``least``: there the error goes to the caller, who may hold a
larger batch that can be halved without a change of results.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TypeVar

from zsbench.errors import OutOfMemoryError

__all__ = ["BatchLimit", "Halving", "is_out_of_memory", "listen_to_halvings"]

R = TypeVar("R")

SIGNS = ("out of memory", "DefaultCPUAllocator", "CUBLAS_STATUS_ALLOC_FAILED", "Cannot allocate memory")
"""What plain RuntimeErrors of torch say when memory was what they lacked."""


@dataclass(frozen=True)
class Halving:
    """A batch that did not fit.

    Attributes:
        what: What the batch held, in the plural.
        before: How many there were.
        after: How many there are at most from then on.
    """

    what: str
    before: int
    after: int

    def __str__(self) -> str:
        """One sentence for people."""
        return f"Memory ran out with {self.before} {self.what} at once; went on with {self.after}."


_LISTENING: ContextVar[list[Halving] | None] = ContextVar("zsbench_halvings", default=None)


@contextmanager
def listen_to_halvings() -> Iterator[list[Halving]]:
    """The halvings while the block runs, in this context: the list grows as they happen."""
    heard: list[Halving] = []
    token = _LISTENING.set(heard)
    try:
        yield heard
    finally:
        _LISTENING.reset(token)


class BatchLimit:
    """How many rows are worked on at once: fewer once memory has run out, and never more again.

    Args:
        what: What the rows are, in the plural, for people.
        rows: How many at first.
        least: How few at last; results that depend on the number of rows of a pass have ``least == rows``.

    Attributes:
        rows: How many now.
    """

    def __init__(self, what: str, rows: int, *, least: int = 1) -> None:
        self.what = what
        self.rows = rows
        self.least = least

    def iter_batches(self, count: int, work: Callable[[slice], R]) -> Iterator[R]:
        """What ``work`` makes of each batch of rows 0 to ``count``, in order.

        A batch that does not fit is given again as smaller ones, so ``work`` starts from nothing each time.

        Args:
            count: How many rows there are.
            work: Gets the slice of a batch; it never has more than ``rows`` rows.

        Raises:
            OutOfMemoryError: Not even ``least`` rows fit.
        """
        start = 0
        while start < count:
            stop = min(start + self.rows, count)
            try:
                made = work(slice(start, stop))
            except Exception as error:
                if not is_out_of_memory(error):
                    raise
                self._check_room(stop - start, error)
            else:
                yield made
                start = stop
                continue
            self._halve(stop - start)  # here the error is gone, and with it what its frames held

    def _halve(self, failed: int) -> None:
        """Go down to half of the rows that did not fit, and tell."""
        self.rows = max(failed // 2, self.least)
        heard = _LISTENING.get()
        if heard is not None:
            heard.append(Halving(self.what, failed, self.rows))
        _free_memory()

    def _check_room(self, failed: int, error: Exception) -> None:
        """Refuse to go below the least number of rows."""
        if failed <= self.least:
            first = (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")
            raise OutOfMemoryError(
                f"Memory ran out with {failed} {self.what} at once ({first}).",
                f"At least {self.least} fit.",
                "Free memory, take a smaller model, or run with fewer workers.",
            ) from error


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error says that memory ran out: Python's, torch's on any device, or that of a limit within."""
    if isinstance(error, (MemoryError, OutOfMemoryError)):
        return True
    torch = sys.modules.get("torch")
    if torch is not None and isinstance(error, torch.OutOfMemoryError):
        return True
    return isinstance(error, RuntimeError) and any(sign in str(error) for sign in SIGNS)


def _free_memory() -> None:
    """Give back what the failed batch left behind."""
    gc.collect()
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_initialized():
        torch.cuda.empty_cache()
