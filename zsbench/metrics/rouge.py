"""ROUGE-L: the longest common subsequence with each reference."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

import numpy as np
from numpy.typing import NDArray

from zsbench.interfaces.metric import PreparedReferences
from zsbench.metrics.ptb_metric import PtbMetric

__all__ = ["RougeL", "longest_common_subsequence", "rouge_l"]

_BETA = 1.2


class RougeL(PtbMetric):
    """F of the best precision and the best recall over references, which may come from two of them.

    Source:
        Lin 2004, section 3.2; beta of the COCO caption evaluation.
    """

    @property
    def id(self) -> str:
        """``rouge-l``."""
        return "rouge-l"

    @property
    def title(self) -> str:
        """``ROUGE-L``."""
        return "ROUGE-L"

    def prepare(self, references: Mapping[str, Sequence[str]]) -> PreparedReferences:
        """Split the references into words."""
        return {id_: [text.split(" ") for text in texts] for id_, texts in references.items()}

    def statistics(self, predictions: Mapping[str, str], prepared: PreparedReferences) -> NDArray[np.float64]:
        """``(N, 1)`` the score of each example."""
        references = cast("dict[str, list[list[str]]]", prepared)
        scores = [_score_caption(text.split(" "), references[id_]) for id_, text in predictions.items()]
        return np.array(scores, dtype=np.float64).reshape(-1, 1)

    def aggregate_sums(self, sums: NDArray[np.float64], count: int | NDArray[np.float64]) -> NDArray[np.float64]:
        """The mean, ``(R,)``."""
        return np.asarray(sums[:, 0] / count, dtype=np.float64)


def _score_caption(words: Sequence[str], references: Sequence[Sequence[str]]) -> float:
    """ROUGE-L of one caption; an empty one is one empty word."""
    common = [longest_common_subsequence(words, reference) for reference in references]
    precision = max(length / len(words) for length in common)
    recall = max(length / len(reference) for length, reference in zip(common, references, strict=True))
    if not precision or not recall:
        return 0.0
    return (1 + _BETA**2) * precision * recall / (recall + _BETA**2 * precision)


def longest_common_subsequence(first: Sequence[str], second: Sequence[str]) -> int:
    """Length of the longest common subsequence; all cells of a table row are the bits of one integer.

    Source:
        Hyyrö 2004, Bit-parallel LCS-length computation revisited, figure 3.
    """
    full = (1 << len(first)) - 1
    places: dict[str, int] = {}
    for index, word in enumerate(first):
        places[word] = places.get(word, 0) | 1 << index
    rest = full
    for word in second:
        hits = rest & places.get(word, 0)
        rest = ((rest + hits) | (rest - hits)) & full
    return len(first) - rest.bit_count()


def rouge_l() -> RougeL:
    """ROUGE-L."""
    return RougeL()
