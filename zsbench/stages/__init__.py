"""The kinds of stages: one class each, in a file of its own; see ``zsbench.stages.stage``."""

from __future__ import annotations

from zsbench.stages.comparison import Comparison
from zsbench.stages.context import StageContext
from zsbench.stages.gap_fit import FittedGap, GapFit
from zsbench.stages.image_features import ImageEncoding, ImageFeatureReader
from zsbench.stages.prediction import Prediction
from zsbench.stages.reading import Reading
from zsbench.stages.references import MetricSet, References
from zsbench.stages.scoring import Scoring, Similarity
from zsbench.stages.stage import Setup, Stage
from zsbench.stages.text_features import TextEncoding
from zsbench.stages.training import Training

__all__ = [
    "Comparison",
    "FittedGap",
    "GapFit",
    "ImageEncoding",
    "ImageFeatureReader",
    "MetricSet",
    "Prediction",
    "Reading",
    "References",
    "Scoring",
    "Setup",
    "Similarity",
    "Stage",
    "StageContext",
    "TextEncoding",
    "Training",
]
