"""The models and data that a matrix names, resolved: components with the content that identifies them."""

from __future__ import annotations

from zsbench.components.data import CorpusChoice, DataPlace, Item, ReferenceTexts, TaskChoice, TextSource
from zsbench.components.models import EncoderChoice, GapChoice, LanguageModelChoice

__all__ = [
    "CorpusChoice",
    "DataPlace",
    "EncoderChoice",
    "GapChoice",
    "Item",
    "LanguageModelChoice",
    "ReferenceTexts",
    "TaskChoice",
    "TextSource",
]
