"""Broken: raises while it is imported, with a message of several lines."""

from __future__ import annotations

raise RuntimeError("the licence server does not answer\n  tried: 3 times\n  gave up")
