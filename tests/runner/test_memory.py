"""Freed memory goes back to the system."""

from __future__ import annotations

from pathlib import Path

import pytest

from zsbench.runner import memory
from zsbench.runner.memory import give_back

STATUS = Path("/proc/self/statm")
PAGE = 4096


def resident() -> int:
    return int(STATUS.read_text().split()[1]) * PAGE


@pytest.mark.skipif(not STATUS.exists() or memory._find_trim() is None, reason="glibc alone can be asked")
def test_what_was_freed_is_returned():
    held = [bytearray(b"x" * 50_000) for _ in range(4000)]
    kept = held[::40]  # scattered, so that the heap cannot simply shrink
    before = resident()
    del held
    give_back()
    assert before - resident() > 100_000_000
    assert all(part == b"x" * 50_000 for part in kept)


def test_a_system_that_has_no_such_call_is_left_alone(monkeypatch):
    def refuse(name):
        raise OSError(name)

    memory._find_trim.cache_clear()
    monkeypatch.setattr("ctypes.CDLL", refuse)
    try:
        assert memory._find_trim() is None
        give_back()
    finally:
        memory._find_trim.cache_clear()
