"""From a matrix to a graph of stages in which shared work stands once."""

from __future__ import annotations

from zsbench.plan.choices import CorpusChoice, EncoderChoice, GapChoice, LanguageModelChoice, TaskChoice
from zsbench.plan.planner import make_plan
from zsbench.plan.stages import (
    Cell,
    Comparison,
    GapFit,
    ImageEncoding,
    Plan,
    Prediction,
    References,
    Scoring,
    Stage,
    TextEncoding,
    Training,
    Work,
)

__all__ = [
    "Cell",
    "Comparison",
    "CorpusChoice",
    "EncoderChoice",
    "GapChoice",
    "GapFit",
    "ImageEncoding",
    "LanguageModelChoice",
    "Plan",
    "Prediction",
    "References",
    "Scoring",
    "Stage",
    "TaskChoice",
    "TextEncoding",
    "Training",
    "Work",
    "make_plan",
]
