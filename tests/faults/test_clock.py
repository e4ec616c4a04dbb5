"""A clock that jumps an hour forth and back in the middle of a run."""

from __future__ import annotations

import subprocess
import sys

import pytest

import zsbench_faults as faults

pytestmark = pytest.mark.slow
JUMPING = """
import time
_time, _time_ns, _start = time.time, time.time_ns, time.monotonic()
_jump = lambda: 3600 * (int(time.monotonic() - _start) % 3 - 1)
time.time = lambda: _time() + _jump()
time.time_ns = lambda: _time_ns() + _jump() * 10**9
"""
"""An hour ahead, right, an hour behind, and so on, each for a second."""


def test_a_clock_that_jumps_changes_nothing(calm, tmp_path):
    """The same bytes, durations that are times, and a store in which nothing is older than it is."""
    place = faults.Place.under(tmp_path, "clock")
    code, said = calm.finish(place, before=JUMPING)
    assert code == 0, said
    assert place.samples() == calm.place.samples()
    assert all(0 <= stage["seconds"] < faults.TIME_LIMIT for stage in place.record()["stages"])
    prune = [sys.executable, "-m", "zsbench", "cache", "prune", "--older-than", "0.04", "--cache", str(place.cache)]
    done = subprocess.run(prune, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("0 entries"), done.stdout
    calm.check_resumed(place)
