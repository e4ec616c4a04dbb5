"""CIDEr-D with document frequencies frozen from every reference of the split.

Shapes: N predictions, C references, V n-grams of the references, M entries of a count.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import cast

import numpy as np
from numpy.typing import NDArray

from zsbench.interfaces.metric import PreparedReferences
from zsbench.metrics.ngrams import MAX_ORDER, NgramCounts, NgramIndex, index_references, look_up
from zsbench.metrics.ptb_metric import PtbMetric

__all__ = ["CiderD", "cider_d"]

_SIGMA = 6.0
_SCALE = 10.0
_HASH_LENGTH = 8


@dataclass(frozen=True, eq=False)
class _Prepared:
    """The references as vectors of tf-idf weights."""

    index: NgramIndex

    @cached_property
    def log_images(self) -> float:
        """Log of the number of images: the idf of an n-gram that no reference has."""
        return float(np.log(max(len(self.index.rows), 1)))

    @cached_property
    def idf(self) -> NDArray[np.float64]:
        """``(V + 1,)`` log of the number of images over the document frequency; the last is for unknown n-grams."""
        frequency = np.append(self.index.document_frequency, 1.0)
        return np.asarray(self.log_images - np.log(np.maximum(1.0, frequency)), dtype=np.float64)

    @cached_property
    def weights(self) -> NDArray[np.float64]:
        """``(M,)`` tf-idf of the references' n-grams."""
        return self.index.counts.count * self.idf[self.index.counts.code]

    @cached_property
    def norms(self) -> NDArray[np.float64]:
        """``(C, 4)`` length of each reference's vector."""
        return np.sqrt(self.index.counts.sum_by_order(self.weights**2))

    @cached_property
    def idf_hash(self) -> str:
        """Number of images and the beginning of a SHA-256 over n-grams and their document frequencies."""
        pairs = zip(self.index.codes, self.index.document_frequency.astype(int).tolist(), strict=True)
        lines = sorted(f"{' '.join(ngram)}\t{frequency}\n" for ngram, frequency in pairs)
        digest = hashlib.sha256("".join(lines).encode("utf-8", "replace")).hexdigest()
        return f"{len(self.index.rows)}:{digest[:_HASH_LENGTH]}"


class CiderD(PtbMetric):
    """Mean cosine of clipped tf-idf vectors of n-grams, n 1 to 4, with a penalty on the difference in length.

    The raw scale is 0 to 10; it is printed times 100, as in the literature. Lengths are numbers of bigrams, as in the
    COCO caption evaluation. Document frequencies come from all references given to ``prepare``, so a part of a split
    scores what it would have contributed to the whole.

    Source:
        Vedantam et al. 2015, sections 4 and 6.
    """

    @property
    def id(self) -> str:
        """``cider-d``."""
        return "cider-d"

    @property
    def title(self) -> str:
        """``CIDEr-D``."""
        return "CIDEr-D"

    @property
    def depends_on_split(self) -> bool:
        """Document frequencies are the split's."""
        return True

    def prepare(self, references: Mapping[str, Sequence[str]]) -> PreparedReferences:
        """Count document frequencies over all images and weigh the references."""
        return _Prepared(index_references(references))

    def statistics(self, predictions: Mapping[str, str], prepared: PreparedReferences) -> NDArray[np.float64]:
        """``(N, 1)`` the score of each example, on the raw scale of 0 to 10."""
        vectors = cast("_Prepared", prepared)
        index = vectors.index
        if not predictions:
            return np.zeros((0, 1))
        rows = np.array([index.rows[id_] for id_ in predictions], dtype=np.int64)
        counts = index.count(list(predictions.values()))
        similarity = _similarities(counts, rows, vectors)  # (C,)
        per_image = np.bincount(index.image, weights=similarity, minlength=len(index.rows))
        references = np.bincount(index.image, minlength=len(index.rows))
        return (_SCALE * per_image[rows] / references[rows]).reshape(-1, 1)

    def aggregate_sums(self, sums: NDArray[np.float64], count: int | NDArray[np.float64]) -> NDArray[np.float64]:
        """The mean, ``(R,)``."""
        return np.asarray(sums[:, 0] / count, dtype=np.float64)

    def signature_fields(self, prepared: PreparedReferences) -> dict[str, str]:
        """``idf``: number of images and hash of the document frequencies."""
        return {"idf": cast("_Prepared", prepared).idf_hash}


def _similarities(counts: NgramCounts, rows: NDArray[np.int64], prepared: _Prepared) -> NDArray[np.float64]:
    """``(C,)`` similarity of each reference to the prediction for its image, 0 where there is no prediction."""
    index = prepared.index
    weights = counts.count * prepared.idf[counts.code]  # UNKNOWN = -1 is the last entry
    norms = np.sqrt(counts.sum_by_order(weights**2))  # (N, 4)
    caption = _invert(rows, len(index.rows))[index.image]  # (C,) the prediction, or -1
    products = index.counts.sum_by_order(_clipped_products(counts, weights, rows, prepared))  # (C, 4)
    lengths = norms[caption] * prepared.norms
    cosines = np.divide(products, lengths, out=np.zeros_like(products), where=lengths != 0)
    bigrams = np.maximum(counts.words - 1, 0)[caption] - np.maximum(index.counts.words - 1, 0)
    similarity = cosines.sum(axis=1) / MAX_ORDER * np.exp(-(bigrams**2) / (2 * _SIGMA**2))
    return np.asarray(np.where(caption >= 0, similarity, 0.0), dtype=np.float64)


def _clipped_products(
    counts: NgramCounts, weights: NDArray[np.float64], rows: NDArray[np.int64], prepared: _Prepared
) -> NDArray[np.float64]:
    """``(M,)`` for each n-gram of each reference: min(prediction's weight, reference's) times the reference's."""
    keys = prepared.index.keys(rows[counts.caption], counts.code)
    order = np.argsort(keys)
    predicted = look_up(keys[order], weights[order], prepared.index.reference_keys)
    return np.minimum(predicted, prepared.weights) * prepared.weights


def _invert(rows: NDArray[np.int64], images: int) -> NDArray[np.int64]:
    """``(images,)`` position of each image among ``rows``, -1 where it is not."""
    position = np.full(images, -1, dtype=np.int64)
    position[rows] = np.arange(len(rows))
    return position


def cider_d() -> CiderD:
    """CIDEr-D."""
    return CiderD()
