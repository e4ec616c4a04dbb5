"""How much could a better selection give? The K patches nearest to the reference captions of the very image.

An upper bound, not a captioner: it looks at what is right, declares so, and every table marks it. Question 3 of the
discussion of arXiv 2401.02347.
"""

from __future__ import annotations

from types import MappingProxyType

__all__ = ["CHANGES", "FACTORY", "ID", "SUMMARY"]

ID = "maccap-oracle-regions"
SUMMARY = "MacCap with the sub-regions nearest to the reference captions: an upper bound"
CHANGES = MappingProxyType({"inference.region_source": "caption-oracle"})
FACTORY = "zsbench_ablations.oracle_captioner:OracleMacCap"
