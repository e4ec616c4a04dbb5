"""Tasks and text corpora of image captioning."""

from __future__ import annotations

__all__: list[str] = []
