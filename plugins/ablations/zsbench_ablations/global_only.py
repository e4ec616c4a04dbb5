"""Is it the sub-regions? The adaptor sees the global image feature in all K slots.

The number of slots, the noise (drawn for each slot), the candidates and the training stay as they are, so that only
the content of the slots differs. Question 1 of the paper's analysis (arXiv 2401.02347): captions describe parts, and
sub-region features can be nearer to them than the global feature.
"""

from __future__ import annotations

from types import MappingProxyType

__all__ = ["CHANGES", "ID", "SUMMARY"]

ID = "maccap-global-only"
SUMMARY = "MacCap without sub-regions: the global feature in every slot"
CHANGES = MappingProxyType({"inference.region_source": "global"})
