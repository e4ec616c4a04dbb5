"""Metrics of short answers.

Alphabet: N questions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

import numpy as np
from numpy.typing import NDArray

from zsbench.interfaces.metric import Metric, PreparedReferences
from zsbench.metrics.vqa_text import normalize_answer, strip_answer

__all__ = ["ExactMatch", "VqaAccuracy"]

ENOUGH = 3
"""So many other people have to agree with an answer for it to be right."""

Answers = Mapping[str, Sequence[str]]


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
        """The human answers, with line ends and tabs as spaces."""
        return {id_: [strip_answer(answer) for answer in answers] for id_, answers in references.items()}

    def statistics(self, predictions: Mapping[str, str], prepared: PreparedReferences) -> NDArray[np.float64]:
        """``(N, 1)`` accuracies between 0 and 1."""
        answers = cast("Answers", prepared)
        return np.array([[_accuracy(text, answers[id_])] for id_, text in predictions.items()], dtype=np.float64)


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


def _accuracy(text: str, answers: Sequence[str]) -> float:
    """The mean, over the people, of how many of the others said so, at most one."""
    said = strip_answer(text)
    if len(set(answers)) > 1:
        said = normalize_answer(said)
        answers = [normalize_answer(answer) for answer in answers]
    matches, people = answers.count(said), len(answers)
    if matches == 0:
        return 0.0
    among_them, among_others = min(1.0, (matches - 1) / ENOUGH), min(1.0, matches / ENOUGH)
    return (matches * among_them + (people - matches) * among_others) / people
