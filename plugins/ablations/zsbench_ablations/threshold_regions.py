"""Is it the number of regions? As many as attention calls for, not always K.

The patches whose attention is at least a multiple of the mean (`inference.region_threshold`) are repeated until all K
slots are filled, so that the set has the size of training. Question 3 of the discussion of arXiv 2401.02347.
"""

from __future__ import annotations

from types import MappingProxyType

__all__ = ["CHANGES", "ID", "SUMMARY"]

ID = "maccap-threshold-regions"
SUMMARY = "MacCap with the sub-regions whose attention is above a threshold"
CHANGES = MappingProxyType({"inference.region_source": "attention-threshold"})
