"""The contract of a metric: per-example sufficient statistics, and a score made from their sums.

Alphabet: N examples, k statistics an example, R resamples.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    NDArrayFloat: TypeAlias = NDArray[np.float64]
else:
    NDArrayFloat = object

__all__ = ["Metric", "NDArrayFloat", "PreparedReferences"]

PreparedReferences: TypeAlias = object
"""What ``prepare`` made of the references; only the metric that made it looks inside."""


class Metric(ABC):
    """A number for predictions against references, with enough kept per example to resample it.

    A mean metric has k = 1. BLEU has counts. ``aggregate`` depends on the statistics only through their column
    sums and N, so that a bootstrap of any metric is a matrix product.
    """

    @property
    @abstractmethod
    def id(self) -> str:
        """Stable kebab-case id, such as ``cider-d``."""

    @property
    @abstractmethod
    def title(self) -> str:
        """Column heading, such as ``CIDEr-D``."""

    @property
    def factor(self) -> float:
        """What a score is multiplied by when it is printed (100 in the literature for scores within 0 and 1)."""
        return 100.0

    @property
    def tokenizer(self) -> str:
        """Name of the tokenisation that texts must have had: ``ptb-3.4.1`` or ``none``."""
        return "ptb-3.4.1"

    def check_available(self) -> None:
        """Raise if the metric cannot run on this machine; called before the first image is opened.

        Raises:
            MetricNotRunError: With the reason and the remedy.
        """

    @abstractmethod
    def prepare(self, references: Mapping[str, Sequence[str]]) -> PreparedReferences:
        """Work that depends on the references of the WHOLE split alone, such as document frequencies.

        Args:
            references: Tokenised references by id, for every example of the split, also under a limit.
        """

    @abstractmethod
    def statistics(self, predictions: Mapping[str, str], prepared: PreparedReferences) -> NDArrayFloat:
        """Per-example sufficient statistics, ``(N, k)`` float64, rows in the order of ``predictions``.

        Args:
            predictions: Tokenised predictions by id, any subset of the split.
            prepared: What ``prepare`` returned.

        Raises:
            MetricNotRunError: A program that the metric needs failed.
        """

    @abstractmethod
    def aggregate_sums(self, sums: NDArrayFloat, count: int) -> NDArrayFloat:
        """Scores ``(R,)`` from column sums ``(R, k)`` of R samples of ``count`` examples each."""

    def aggregate(self, statistics: NDArrayFloat) -> float:
        """The score of the examples whose statistics are given."""
        return float(self.aggregate_sums(statistics.sum(axis=0, keepdims=True), len(statistics))[0])

    def values(self, statistics: NDArrayFloat) -> NDArrayFloat:
        """A score for each example alone, ``(N,)``, for looking at; corpus metrics do not average to the score."""
        return self.aggregate_sums(statistics, 1)

    def close(self) -> None:
        """Release what is kept between calls of ``statistics``, such as a running program."""

    def signature_fields(self, prepared: PreparedReferences) -> dict[str, str]:
        """What else, beside metric, tokenizer, references and ids, must be equal for scores to be comparable."""
        return {}
