"""A store that several machines use: here in a folder that all of them see."""

from __future__ import annotations

import contextlib
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

from zsbench.files import write_text
from zsbench.store import Entry, Store

__all__ = ["SharedStore", "shared_token", "wait_until"]

PATIENCE = 90.0
"""Seconds until what one machine wrote must be seen by another; NFS remembers for up to a minute what was not there."""
LOOK_EVERY = 0.2

FoundT = TypeVar("FoundT")


class SharedStore(Store):
    """A store in a folder of a file system that every machine mounts at the same path."""

    def wait_for(self, kind: str, key: str) -> Entry | None:
        """A finished entry that another machine may have written a moment ago; None if it is not seen in time."""
        return wait_until(lambda: self.find(kind, key), self.path(kind, key).parent)

    def is_shared(self, kind: str, key: str) -> bool:
        """Whether a finished entry of another machine is where all can see it."""
        return self.wait_for(kind, key) is not None

    def await_file(self, name: str) -> bool:
        """Whether a file that another machine has just written is seen here, now or soon."""
        return self.root.is_dir() and bool(wait_until(lambda: self.sees(name), self.root))

    def sees(self, name: str) -> bool:
        """Whether a file is where all machines look."""
        return (self.root / name).is_file()

    def mark(self, name: str) -> None:
        """Write a small file where all machines look."""
        self.root.mkdir(parents=True, exist_ok=True)
        write_text(self.root / name, "This file shows that machines share the store.\n")

    def remove(self, name: str) -> None:
        """Remove such a file."""
        (self.root / name).unlink(missing_ok=True)

    def push_chunks(self, kind: str, key: str) -> None:
        """Share the chunks that a stage has finished since the last time; in a folder they are shared already."""


@contextlib.contextmanager
def shared_token(store: SharedStore) -> Iterator[str]:
    """The name of a file in the store that only who shares it can see."""
    name = f"shared-{uuid.uuid4().hex}.token"
    store.mark(name)
    try:
        yield name
    finally:
        store.remove(name)


def wait_until(look: Callable[[], FoundT | None], folder: Path) -> FoundT | None:
    """What is seen in a folder that is looked at anew again and again; None if nothing is within some patience."""
    limit = time.monotonic() + PATIENCE
    while not (found := look()):
        if time.monotonic() > limit:
            return None
        with contextlib.suppress(OSError):
            list(folder.iterdir())  # opening it ends what a network file system remembers of it
        time.sleep(LOOK_EVERY)
    return found
