"""N-grams as integers, counted once for all references of a split and shared by BLEU and CIDEr-D.

Shapes: I images, C captions, M distinct n-grams summed over captions, V distinct n-grams of the references.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

__all__ = ["MAX_ORDER", "UNKNOWN", "NgramCounts", "NgramIndex", "index_references", "look_up"]

MAX_ORDER = 4
UNKNOWN = -1

Ngram = tuple[str, ...]


@dataclass(frozen=True, eq=False)
class NgramCounts:
    """How often each n-gram stands in each of C captions.

    Attributes:
        caption: ``(M,)`` the caption, 0 to C - 1.
        code: ``(M,)`` the n-gram's code, ``UNKNOWN`` if no reference has it.
        order: ``(M,)`` n - 1.
        count: ``(M,)`` float64.
        words: ``(C,)`` number of words.
    """

    caption: NDArray[np.int64]
    code: NDArray[np.int64]
    order: NDArray[np.int64]
    count: NDArray[np.float64]
    words: NDArray[np.int64]

    def sum_by_order(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """``(C, 4)`` sums of ``(M,)`` values over the n-grams of each caption and order."""
        cells = len(self.words) * MAX_ORDER
        slots = self.caption * MAX_ORDER + self.order
        sums = np.bincount(slots, weights=values, minlength=cells).astype(np.float64)
        return sums.reshape(-1, MAX_ORDER)


@dataclass(frozen=True, eq=False)
class NgramIndex:
    """The n-grams of every reference of a split.

    Attributes:
        rows: Image index by id.
        codes: Code of each n-gram.
        counts: Counts in the C references.
        image: ``(C,)`` the image of each reference, ascending.
    """

    rows: dict[str, int]
    codes: dict[Ngram, int]
    counts: NgramCounts
    image: NDArray[np.int64]
    _counted: dict[tuple[str, ...], NgramCounts] = field(default_factory=dict, repr=False)

    def count(self, captions: Sequence[str]) -> NgramCounts:
        """Counts of captions in the codes of the references; metrics share those of the last captions."""
        key = tuple(captions)
        if key not in self._counted:
            self._counted.clear()
            self._counted[key] = _collect(captions, lambda ngram: self.codes.get(ngram, UNKNOWN))
        return self._counted[key]

    def keys(self, image: NDArray[np.int64], code: NDArray[np.int64]) -> NDArray[np.int64]:
        """One integer for image and n-gram, below 0 if the n-gram is unknown."""
        return np.where(code == UNKNOWN, UNKNOWN, image * max(len(self.codes), 1) + code)

    @cached_property
    def reference_keys(self) -> NDArray[np.int64]:
        """``(M,)`` key of each n-gram of each reference."""
        return self.keys(self.image[self.counts.caption], self.counts.code)

    @cached_property
    def clipped(self) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Sorted distinct keys, and the largest count of each in one reference of its image."""
        order = np.argsort(self.reference_keys, kind="stable")
        keys, starts = np.unique(self.reference_keys[order], return_index=True)
        if not len(keys):
            return keys, np.zeros(0)
        return keys, np.maximum.reduceat(self.counts.count[order], starts)

    @cached_property
    def document_frequency(self) -> NDArray[np.float64]:
        """``(V,)`` in how many images' references each n-gram stands."""
        keys, _ = self.clipped
        return np.bincount(keys % max(len(self.codes), 1), minlength=len(self.codes)).astype(np.float64)


def look_up(keys: NDArray[np.int64], values: NDArray[np.float64], wanted: NDArray[np.int64]) -> NDArray[np.float64]:
    """The value beside each wanted key in ascending ``keys``; 0 for a key that is unknown or not there."""
    place = np.searchsorted(keys, wanted)
    found = np.append(keys, UNKNOWN)[place] == wanted
    return np.where(found & (wanted >= 0), np.append(values, 0.0)[place], 0.0)


def index_references(references: Mapping[str, Sequence[str]]) -> NgramIndex:
    """Count the n-grams of all references; the last split is remembered, so that metrics share the work."""
    return _index(tuple((id_, tuple(texts)) for id_, texts in references.items()))


@lru_cache(maxsize=1)
def _index(references: tuple[tuple[str, tuple[str, ...]], ...]) -> NgramIndex:
    """The index of references that are given in a form that can be remembered."""
    codes: dict[Ngram, int] = {}
    captions = [text for _, texts in references for text in texts]
    counts = _collect(captions, lambda ngram: codes.setdefault(ngram, len(codes)))
    image = np.repeat(np.arange(len(references)), [len(texts) for _, texts in references])
    return NgramIndex({id_: row for row, (id_, _) in enumerate(references)}, codes, counts, image)


def _collect(captions: Sequence[str], code_of: Callable[[Ngram], int]) -> NgramCounts:
    """Counts of every n-gram of every caption."""
    caption: list[int] = []
    code: list[int] = []
    order: list[int] = []
    count: list[int] = []
    words = [text.split() for text in captions]
    for index, tokens in enumerate(words):
        for ngram, times in _ngrams(tokens).items():
            caption.append(index)
            code.append(code_of(ngram))
            order.append(len(ngram) - 1)
            count.append(times)
    return NgramCounts(
        caption=np.array(caption, dtype=np.int64),
        code=np.array(code, dtype=np.int64),
        order=np.array(order, dtype=np.int64),
        count=np.array(count, dtype=np.float64),
        words=np.array([len(tokens) for tokens in words], dtype=np.int64),
    )


def _ngrams(tokens: Sequence[str]) -> Counter[Ngram]:
    """Counts of the n-grams of one caption, n from 1 to 4."""
    counts: Counter[Ngram] = Counter()
    for n in range(1, MAX_ORDER + 1):
        counts.update(zip(*(tokens[start:] for start in range(n)), strict=False))
    return counts
