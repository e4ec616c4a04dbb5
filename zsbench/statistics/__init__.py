"""Uncertainty of scores: functions over arrays, no model, no file access."""

from __future__ import annotations

from zsbench.statistics.bootstrap import RESAMPLES, Clusters, Interval, bootstrap, bootstrap_all, cluster_codes
from zsbench.statistics.correction import holm
from zsbench.statistics.paired import (
    Pair,
    PairedDifference,
    paired_difference,
    paired_differences,
    randomization_tests,
)
from zsbench.statistics.power import detectable_difference, needed_examples

__all__ = [
    "RESAMPLES",
    "Clusters",
    "Interval",
    "Pair",
    "PairedDifference",
    "bootstrap",
    "bootstrap_all",
    "cluster_codes",
    "detectable_difference",
    "holm",
    "needed_examples",
    "paired_difference",
    "paired_differences",
    "randomization_tests",
]
