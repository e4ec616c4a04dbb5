"""Progress lines of the training commands."""

from __future__ import annotations

import sys


def say(line: str) -> None:
    """Write one line to standard output at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
