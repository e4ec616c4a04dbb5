"""Files of predictions and of references from elsewhere: one module a form, read strictly and in a stream."""

from __future__ import annotations

from zsbench.predictions.detection import PREDICTION_FORMS, REFERENCE_FORMS, detect_form
from zsbench.predictions.files import PredictionFile, ReferenceFile, read_predictions, read_references
from zsbench.predictions.matching import Matching, match_ids
from zsbench.predictions.rows import Form, Row

__all__ = [
    "PREDICTION_FORMS",
    "REFERENCE_FORMS",
    "Form",
    "Matching",
    "PredictionFile",
    "ReferenceFile",
    "Row",
    "detect_form",
    "match_ids",
    "read_predictions",
    "read_references",
]
