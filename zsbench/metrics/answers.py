"""Metrics of short answers.

Shapes: N questions.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from zsbench.interfaces.metric import Metric, PreparedReferences
from zsbench.metrics.vqa_text import normalize_answer, strip_answer

__all__ = ["ExactMatch", "VqaAccuracy", "exact_match", "vqa_accuracy"]

ENOUGH = 3
"""So many other people have to agree with an answer for it to be right."""

Answers = Mapping[str, Sequence[str]]


class _HumanAnswers(NamedTuple):
    """What people answered to one question.

    Attributes:
        people: How many.
        normalized: Whether answers are normalised: only where people do not all say the same.
        said: How many said what, normalised or not.
    """

    people: int
    normalized: bool
    said: Mapping[str, int]

    @classmethod
    def of(cls, answers: Sequence[str]) -> _HumanAnswers:
        """Count answers as they are compared."""
        stripped = [strip_answer(answer) for answer in answers]
        differ = len(set(stripped)) > 1
        return cls(len(stripped), differ, Counter(map(normalize_answer, stripped) if differ else stripped))

    def accuracy(self, text: str) -> float:
        """The mean, over the people, of how many of the others said so, as a share of enough, at most one."""
        answer = strip_answer(text)
        matches = self.said.get(normalize_answer(answer) if self.normalized else answer, 0)
        among_them, among_others = min(1.0, (matches - 1) / ENOUGH), min(1.0, matches / ENOUGH)
        return (matches * among_them + (self.people - matches) * among_others) / self.people


class AnswerMetric(Metric):
    """A mean over questions; answers are compared as they are, without a tokeniser."""

    @property
    def tokenizer(self) -> str:
        """None: the metric normalises answers itself."""
        return "none"

    def aggregate_sums(self, sums: NDArray[np.float64], count: int | NDArray[np.float64]) -> NDArray[np.float64]:
        """The mean, ``(R,)``."""
        return np.asarray(sums[:, 0] / count, dtype=np.float64)


class VqaAccuracy(AnswerMetric):
    """The official VQA accuracy: an answer is right to the share of three people who gave it, the asked one left out.

    Answers are normalised only where the human answers are not all equal.

    Source: Antol et al. 2015, section 5; Goyal et al. 2017; the official evaluation's behaviour.
    """

    @property
    def id(self) -> str:
        """``vqa-accuracy``."""
        return "vqa-accuracy"

    @property
    def title(self) -> str:
        """``VQA accuracy``."""
        return "VQA accuracy"

    def prepare(self, references: Answers) -> PreparedReferences:
        """How many people gave each answer, as answers are compared."""
        return {id_: _HumanAnswers.of(answers) for id_, answers in references.items()}

    def statistics(self, predictions: Mapping[str, str], prepared: PreparedReferences) -> NDArray[np.float64]:
        """``(N, 1)`` accuracies between 0 and 1."""
        answers = cast("Mapping[str, _HumanAnswers]", prepared)
        return np.array([[answers[id_].accuracy(text)] for id_, text in predictions.items()], dtype=np.float64)


class ExactMatch(AnswerMetric):
    """Whether an answer is one of the references, case and surrounding space aside.

    Source: Hudson and Manning 2019 (GQA).
    """

    @property
    def id(self) -> str:
        """``exact-match``."""
        return "exact-match"

    @property
    def title(self) -> str:
        """``Exact match``."""
        return "Exact match"

    def prepare(self, references: Answers) -> PreparedReferences:
        """The references in lower case."""
        return {id_: {answer.lower().strip() for answer in answers} for id_, answers in references.items()}

    def statistics(self, predictions: Mapping[str, str], prepared: PreparedReferences) -> NDArray[np.float64]:
        """``(N, 1)`` zeros and ones."""
        right = cast("Mapping[str, set[str]]", prepared)
        rows = [[float(text.lower().strip() in right[id_])] for id_, text in predictions.items()]
        return np.array(rows, dtype=np.float64)


def exact_match() -> ExactMatch:
    """Exact match of answers."""
    return ExactMatch()


def vqa_accuracy() -> VqaAccuracy:
    """The official VQA accuracy."""
    return VqaAccuracy()
