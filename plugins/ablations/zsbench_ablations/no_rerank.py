"""Is it the choice among candidates? One candidate, taken as it comes.

The one candidate is the first that MacCap itself considers (same noise), so the difference is the choice alone.
Choosing among one is moot, hence the encoder is not asked at all.
"""

from __future__ import annotations

from types import MappingProxyType

__all__ = ["CHANGES", "ID", "SUMMARY"]

ID = "maccap-no-rerank"
SUMMARY = "MacCap without re-ranking: one candidate"
CHANGES = MappingProxyType({"inference.candidates": 1, "inference.rerank": False})
