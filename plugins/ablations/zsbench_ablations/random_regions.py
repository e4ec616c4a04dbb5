"""Is it the attention? The control: K patches drawn at random.

The draw is of a stream of its own, derived from the image, so the noise is the same as that of the base.
Question 3 of the discussion of arXiv 2401.02347.
"""

from __future__ import annotations

from types import MappingProxyType

__all__ = ["CHANGES", "ID", "SUMMARY"]

ID = "maccap-random-regions"
SUMMARY = "MacCap with sub-regions at random patches"
CHANGES = MappingProxyType({"inference.region_source": "random-k"})
