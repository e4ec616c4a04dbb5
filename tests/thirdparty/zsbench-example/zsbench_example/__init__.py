"""An example of a zsbench plugin."""

from __future__ import annotations

__all__: list[str] = []
