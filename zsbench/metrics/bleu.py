"""BLEU with the closest reference length, counts kept per example.

Shapes: N examples, n highest order, k = 2n + 2 counts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
from numpy.typing import NDArray

from zsbench.interfaces.metric import PreparedReferences
from zsbench.metrics.ngrams import NgramCounts, NgramIndex, index_references, look_up
from zsbench.metrics.ptb_metric import PtbMetric

__all__ = ["Bleu", "bleu_1", "bleu_2", "bleu_3", "bleu_4"]

_SMALL = 1e-9
_TINY = 1e-15


@dataclass(frozen=True, eq=False)
class _Prepared:
    """The n-grams and the lengths of the references of each image."""

    index: NgramIndex
    lengths: dict[str, tuple[int, ...]]


class Bleu(PtbMetric):
    """Corpus BLEU up to order n: geometric mean of clipped precisions, times the brevity penalty.

    A row holds the n matches, the n numbers of n-grams, the caption's length and the closest reference length.

    Args:
        n: Highest order, 1 to 4.

    Source:
        Papineni et al. 2002, sections 2.1 to 2.3; smoothing constants of the COCO caption evaluation.
    """

    def __init__(self, n: int) -> None:
        self.n = n

    @property
    def id(self) -> str:
        """``bleu-<n>``."""
        return f"bleu-{self.n}"

    @property
    def title(self) -> str:
        """``BLEU-<n>``."""
        return f"BLEU-{self.n}"

    def prepare(self, references: Mapping[str, Sequence[str]]) -> PreparedReferences:
        """Count the n-grams of the references; all orders share one count."""
        index = index_references(references)
        words = np.split(index.counts.words, np.flatnonzero(np.diff(index.image)) + 1)
        return _Prepared(index, {id_: tuple(w.tolist()) for id_, w in zip(index.rows, words, strict=True)})

    def statistics(self, predictions: Mapping[str, str], prepared: PreparedReferences) -> NDArray[np.float64]:
        """``(N, 2n + 2)`` matches, numbers of n-grams, length, closest reference length."""
        index, lengths = cast("_Prepared", prepared).index, cast("_Prepared", prepared).lengths
        counts = index.count(list(predictions.values()))
        rows = np.array([index.rows[id_] for id_ in predictions], dtype=np.int64)
        matches = _count_matches(counts, rows, index)[:, : self.n]
        guesses = np.maximum(0, counts.words[:, None] - np.arange(self.n))
        closest = [_closest(n, lengths[id_]) for id_, n in zip(predictions, counts.words, strict=True)]
        return np.column_stack([matches, guesses, counts.words, closest]).astype(np.float64)

    def aggregate_sums(self, sums: NDArray[np.float64], count: int | NDArray[np.float64]) -> NDArray[np.float64]:
        """BLEU from summed counts, ``(R,)``."""
        matches, guesses = sums[:, : self.n], sums[:, self.n : 2 * self.n]
        precision = np.prod((matches + _TINY) / (guesses + _SMALL), axis=1) ** (1 / self.n)
        ratio = (sums[:, -2] + _TINY) / (sums[:, -1] + _SMALL)
        return np.asarray(precision * np.exp(np.minimum(0.0, 1 - 1 / ratio)), dtype=np.float64)


def _count_matches(counts: NgramCounts, rows: NDArray[np.int64], index: NgramIndex) -> NDArray[np.float64]:
    """``(N, 4)`` n-grams that a reference has too, each at most as often as one reference has it."""
    most = look_up(*index.clipped, index.keys(rows[counts.caption], counts.code))
    return counts.sum_by_order(np.minimum(counts.count, most))


def _closest(length: int, references: Sequence[int]) -> int:
    """The reference length nearest to ``length``; of two equally near, the shorter."""
    return min(references, key=lambda reference: (abs(reference - length), reference))


def bleu_1() -> Bleu:
    """BLEU with unigrams."""
    return Bleu(1)


def bleu_2() -> Bleu:
    """BLEU up to bigrams."""
    return Bleu(2)


def bleu_3() -> Bleu:
    """BLEU up to trigrams."""
    return Bleu(3)


def bleu_4() -> Bleu:
    """BLEU up to 4-grams."""
    return Bleu(4)
