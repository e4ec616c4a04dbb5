"""The processor's cores: how many a process may use, and how many threads it computes with."""

from __future__ import annotations

import os
import sys

from zsbench.interfaces import Resources

__all__ = ["choose_resources", "count_cores", "limit_threads"]

MOST_WORKERS = 4


def choose_resources(device: str, threads: int | None, workers: int | None) -> Resources:
    """As many workers as asked for; else as a CPU's cores allow where threads are given, or one and a scorer."""
    if workers is not None:
        return Resources(device, threads, workers)
    if not device.startswith("cpu"):
        return Resources(device, threads, workers=1, scorers=1)
    fitting = 1 if threads is None else min(MOST_WORKERS, max(1, count_cores() // threads))
    return Resources(device, threads, fitting)


def count_cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def limit_threads(threads: int | None) -> None:
    """Let this process compute with so many threads; None changes nothing."""
    if threads is None:
        return
    os.environ["OMP_NUM_THREADS"] = os.environ["MKL_NUM_THREADS"] = str(threads)
    if (torch := sys.modules.get("torch")) is not None:
        torch.set_num_threads(threads)
