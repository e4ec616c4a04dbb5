"""Metrics over ids, strings and arrays: no model, and Java only where nothing else gives the published numbers."""

from __future__ import annotations

from zsbench.metrics.scoring import (
    MetricResult,
    PreparedSplit,
    ScoringContext,
    prepare_references,
    score_predictions,
    tokenize_many,
)
from zsbench.metrics.signature import Signature

__all__ = [
    "MetricResult",
    "PreparedSplit",
    "ScoringContext",
    "Signature",
    "prepare_references",
    "score_predictions",
    "tokenize_many",
]
