"""Two runs, cells or prediction files compared example by example."""

from __future__ import annotations

from zsbench.comparison.compare import CompareOptions, Comparison, MetricComparison, compare_pairs, compare_systems
from zsbench.comparison.sides import CellScores, System, load_run_systems, pair_systems, scored_system
from zsbench.comparison.wording import describe_comparison, sentence

__all__ = [
    "CellScores",
    "CompareOptions",
    "Comparison",
    "MetricComparison",
    "System",
    "compare_pairs",
    "compare_systems",
    "describe_comparison",
    "load_run_systems",
    "pair_systems",
    "scored_system",
    "sentence",
]
