"""The processor's cores: how many a process may use, and how many threads it computes with."""

from __future__ import annotations

import os
import sys

__all__ = ["count_cores", "count_threads", "limit_threads"]

VARIABLE = "OMP_NUM_THREADS"


def count_cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def count_threads() -> int:
    """Threads that torch takes where nobody sets a number: what the environment says, or one a core."""
    told = os.environ.get(VARIABLE, "")
    return int(told) if told.isdecimal() and int(told) else count_cores()


def limit_threads(threads: int | None) -> None:
    """Let this process compute with so many threads; None changes nothing."""
    if threads is None:
        return
    os.environ[VARIABLE] = os.environ["MKL_NUM_THREADS"] = str(threads)
    if (torch := sys.modules.get("torch")) is not None:
        torch.set_num_threads(threads)
