"""`zsbench run` without arguments, from an empty store: how long a user waits, and the memory that it takes."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from operator import attrgetter
from pathlib import Path

import psutil
import pytest

MINUTES, GIGABYTES = 5, 3
LOOK_SECONDS = 0.5


@dataclass
class Cost:
    """What a run took.

    Attributes:
        seconds: By the clock.
        memory: Bytes of the command, its workers and Java together, at the worst moment that was looked at; a page
            that several share counts once.
    """

    seconds: float
    memory: int


MOST = Cost(MINUTES * 60, GIGABYTES * 10**9)


def read_proportional_set(process: psutil.Process) -> int:
    """Bytes of a process and of all that it started, shared pages divided among those that share them."""
    total = 0
    for each in (process, *process.children(recursive=True)):
        with suppress(psutil.Error):  # it has ended
            total += each.memory_full_info().pss
    return total


@pytest.fixture(scope="module")
def default_run(tmp_path_factory):
    """The whole command: planning, encoding, training, captions, scores, records."""
    if not Path("/proc/self/smaps_rollup").exists():
        pytest.skip("shared memory is told apart on Linux only")
    folder = tmp_path_factory.mktemp("run")
    command = [sys.executable, "-m", "zsbench", "run", "--output", str(folder / "results")]
    environment = {**os.environ, "ZSBENCH_CACHE": str(folder / "cache")}
    began, memory = time.monotonic(), 0
    with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as run:
        process = psutil.Process(run.pid)
        while run.poll() is None:
            with suppress(psutil.Error):
                memory = max(memory, read_proportional_set(process))
            time.sleep(LOOK_SECONDS)
    assert run.returncode == 0
    return Cost(time.monotonic() - began, memory)


def compare(side_by_side, cost: Cost, part: str) -> None:
    """One part of the cost with what it may be; seconds are told, and memory must be enough."""
    ours, _ = side_by_side(lambda: cost, lambda: MOST, rounds=1, measure=attrgetter(part))
    assert 0 < ours.memory < MOST.memory


@pytest.mark.ratio(
    what="`zsbench run`, from an empty store",
    against=f"{MINUTES} minutes",
    size="the default: 20 cells, four tasks, two trainings",
    aim=1,
    note="on the machine named above, two cores",
)
def test_seconds(side_by_side, default_run):
    """Everything that a user waits for."""
    compare(side_by_side, default_run, "seconds")


@pytest.mark.ratio(
    what="`zsbench run`, from an empty store",
    against=f"{GIGABYTES} GB",
    size="the default: 20 cells, four tasks, two trainings",
    of="bytes of all processes at their peak",
    aim=1,
    note="a page that processes share counts once; Java counts",
)
def test_memory(side_by_side, default_run):
    """All processes together."""
    compare(side_by_side, default_run, "memory")
