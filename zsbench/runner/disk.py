"""What is said when the store's disk takes no more."""

from __future__ import annotations

import errno
import re
from pathlib import Path

from zsbench.errors import DataError

__all__ = ["disk_error"]

REFUSALS = {errno.ENOSPC: "the disk is full", errno.EDQUOT: "the quota is used up", errno.EROFS: "it is read-only"}
RUST_ERROR = re.compile(r"\(os error (\d+)\)")


def disk_error(error: BaseException, root: Path) -> DataError | None:
    """What to tell of an error that says that the store's disk takes no more; None for any other error.

    Args:
        error: What was raised by Python, or by a library that only passes on the system's words, or because of it.
        root: Of the store.
    """
    number = _find_number(error)
    if number not in REFUSALS:
        return disk_error(error.__cause__, root) if error.__cause__ else None
    return DataError(
        f"The store {root} cannot be written: {REFUSALS[number]}.",
        "A stage writes its output there.",
        "Make room, or name another folder with ZSBENCH_CACHE, and run the same command again: what is finished is "
        "kept.",
        path=root,
    )


def _find_number(error: BaseException) -> int | None:
    """The system's number of an error; None if it has none."""
    if isinstance(error, OSError):
        return error.errno
    found = RUST_ERROR.search(str(error))
    return int(found[1]) if found else None
