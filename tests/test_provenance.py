"""What a run tells about the machine and itself."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from zsbench.provenance import peak_memory

ALLOCATED = 400_000_000
TELL = "from zsbench.provenance import peak_memory; {before}; print(peak_memory())"


def ask(before: str) -> int:
    """The peak of a process of its own that does something first."""
    command = [sys.executable, "-c", TELL.format(before=before)]
    return int(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def test_the_peak_memory_is_what_was_held_and_given_back():
    """In bytes, and no less after the memory is free again."""
    assert ask(f"held = b'1' * {ALLOCATED}; del held") - ask("pass") > 0.9 * ALLOCATED


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="only Linux tells the peak of one program")
def test_the_peak_memory_is_not_that_of_who_started_the_process():
    """A small command that a large program starts is small."""
    held = b"1" * ALLOCATED
    small = ask("pass")
    assert small < len(held) < peak_memory()
