"""Memory that a stage has left is given back to the system, so that workers side by side do not hold their peaks."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from functools import lru_cache

__all__ = ["give_back"]


def give_back() -> None:
    """Return what the C library keeps of freed memory; glibc alone can be asked."""
    if (trim := _find_trim()) is not None:
        trim(0)


@lru_cache(maxsize=1)
def _find_trim() -> Callable[[int], int] | None:
    """``malloc_trim`` of this process's C library, if it has one."""
    try:
        return ctypes.CDLL(None).malloc_trim
    except (AttributeError, OSError, TypeError):  # TypeError: Windows has no library of no name
        return None
