"""The command line: one file per verb, parsing and printing only."""

from __future__ import annotations

from zsbench.cli.app import main

__all__ = ["main"]
