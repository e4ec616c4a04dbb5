"""Where zsbench keeps what it may make again."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["default_cache"]


def default_cache() -> Path:
    """``$ZSBENCH_CACHE``, or ``zsbench`` in the user's cache folder."""
    if given := os.environ.get("ZSBENCH_CACHE"):
        return Path(given).expanduser()
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "zsbench"
