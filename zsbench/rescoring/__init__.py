"""Scores of prediction files that other programs wrote, with the records that a run leaves."""

from __future__ import annotations

from zsbench.rescoring.recorder import write_scored
from zsbench.rescoring.request import ScoreRequest
from zsbench.rescoring.scorer import FileScorer, ScoredFile

__all__ = ["FileScorer", "ScoreRequest", "ScoredFile", "write_scored"]
