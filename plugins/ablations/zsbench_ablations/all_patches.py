"""Is it the selection? Every patch stands for a sub-region, and nothing is selected.

The set is as large as the image has patches, so the adaptor sees more features than in training. Question 3 of the
discussion of arXiv 2401.02347: other ways to select regions.
"""

from __future__ import annotations

from types import MappingProxyType

__all__ = ["CHANGES", "ID", "SUMMARY"]

ID = "maccap-all-patches"
SUMMARY = "MacCap with a sub-region for every patch"
CHANGES = MappingProxyType({"inference.region_source": "all-patches"})
