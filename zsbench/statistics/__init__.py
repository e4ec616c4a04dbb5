"""Uncertainty of scores: functions over arrays, no model, no file access."""

from __future__ import annotations

from zsbench.statistics.bootstrap import RESAMPLES, Interval, bootstrap, bootstrap_all
from zsbench.statistics.correction import holm
from zsbench.statistics.paired import PairedDifference, paired_difference

__all__ = ["RESAMPLES", "Interval", "PairedDifference", "bootstrap", "bootstrap_all", "holm", "paired_difference"]
