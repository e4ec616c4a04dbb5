"""What a run may use of this machine."""

from __future__ import annotations

from zsbench.cores import count_cores
from zsbench.interfaces import Resources

__all__ = ["choose_resources"]

MOST_WORKERS = 4


def choose_resources(device: str, threads: int | None, workers: int | None) -> Resources:
    """As many workers as asked for; else as a CPU's cores allow where threads are given, or one and a scorer."""
    if workers is not None:
        return Resources(device, threads, workers)
    if not device.startswith("cpu"):
        return Resources(device, threads, workers=1, scorers=1)
    fitting = 1 if threads is None else min(MOST_WORKERS, max(1, count_cores() // threads))
    return Resources(device, threads, fitting)
