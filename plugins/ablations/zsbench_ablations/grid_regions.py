"""Is it the attention at all? The cells of a regular grid are the sub-regions.

A cell is the plain mean of its patches; neither the class token nor any attention has a say. Question 3 of the
discussion of arXiv 2401.02347.
"""

from __future__ import annotations

from types import MappingProxyType

__all__ = ["CHANGES", "ID", "SUMMARY"]

ID = "maccap-grid-regions"
SUMMARY = "MacCap with the cells of a regular grid as sub-regions"
CHANGES = MappingProxyType({"inference.region_source": "grid"})
