"""From a matrix to a graph of stages in which shared work stands once."""

from __future__ import annotations

from zsbench.plan.choices import EncoderChoice, GapChoice, LanguageModelChoice
from zsbench.plan.data import CorpusChoice, DataPlace, Item, ReferenceTexts, TaskChoice, TextSource
from zsbench.plan.planner import PlanOptions, make_plan
from zsbench.plan.stages import (
    Cell,
    Comparison,
    GapFit,
    ImageEncoding,
    Plan,
    Prediction,
    Reading,
    References,
    Scoring,
    Similarity,
    Stage,
    TextEncoding,
    Training,
    Work,
)
from zsbench.plan.validation import Validation, validate_matrix

__all__ = [
    "Cell",
    "Comparison",
    "CorpusChoice",
    "DataPlace",
    "EncoderChoice",
    "GapChoice",
    "GapFit",
    "ImageEncoding",
    "Item",
    "LanguageModelChoice",
    "Plan",
    "PlanOptions",
    "Prediction",
    "Reading",
    "ReferenceTexts",
    "References",
    "Scoring",
    "Similarity",
    "Stage",
    "TaskChoice",
    "TextEncoding",
    "TextSource",
    "Training",
    "Validation",
    "Work",
    "make_plan",
    "validate_matrix",
]
