"""Tasks and text corpora of image captioning and question answering."""

from __future__ import annotations

__all__: list[str] = []
