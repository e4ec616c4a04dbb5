"""The contract of a metric: per-example sufficient statistics, and a score made from their sums.

Shapes: N examples, k statistics an example, R resamples.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from zsbench.errors import MetricNotRunError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    NDArrayFloat: TypeAlias = NDArray[np.float64]
else:
    NDArrayFloat = object

__all__ = ["CaptionFeatures", "Metric", "NDArrayFloat", "PreparedReferences", "SimilarityMetric"]

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

    @property
    def fingerprint(self) -> str:
        """Hash of weights or data that it loads itself; a score is made again when they change."""
        return ""

    @property
    def depends_on_split(self) -> bool:
        """Whether an example's statistics depend on the references of the other examples, as idf weights do."""
        return False

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
    def aggregate_sums(self, sums: NDArrayFloat, count: int | NDArrayFloat) -> NDArrayFloat:
        """Scores ``(R,)`` from column sums ``(R, k)`` of R samples of ``count`` examples each.

        ``count`` is one number, or ``(R,)`` where samples differ in size (resampled clusters).
        """

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


@dataclass(frozen=True, eq=False)
class CaptionFeatures:
    """What a scoring encoder says of N captioned images; every row has unit norm.

    Attributes:
        images: ``(N, D)`` global image features.
        captions: ``(N, D)`` features of the captions, each after the metric's ``prompt``.
        references: N times ``(r_i, D)`` features of the references, each after the ``prompt``.
        encoder: What people call the scoring encoder, for the signature.
        same_encoder: Whether the captioner used the same encoder, which favours it.
    """

    images: NDArrayFloat
    captions: NDArrayFloat
    references: Sequence[NDArrayFloat]
    encoder: str
    same_encoder: bool = False


class SimilarityMetric(Metric):
    """A metric of image and caption features instead of texts; a run computes it if it names a scoring encoder."""

    @property
    @abstractmethod
    def prompt(self) -> str:
        """What stands before every caption and reference when it is encoded."""

    @property
    def tokenizer(self) -> str:
        """The encoder has its own."""
        return "none"

    def prepare(self, references: Mapping[str, Sequence[str]]) -> PreparedReferences:
        """Nothing: features come with the predictions."""
        return None

    def statistics(self, predictions: Mapping[str, str], prepared: PreparedReferences) -> NDArrayFloat:
        """Not from texts.

        Raises:
            MetricNotRunError: Always; ``similarity_statistics`` is what it has.
        """
        raise MetricNotRunError(
            f"{self.title} needs a scoring encoder, and none is named.",
            "`scoring_encoder` of a matrix names one, as `encoder` does.",
            "Name one, for example `--set scoring_encoder.settings.model=ViT-B-16`.",
            metric=self.id,
        )

    @abstractmethod
    def similarity_statistics(self, features: CaptionFeatures) -> NDArrayFloat:
        """Per-example sufficient statistics, ``(N, k)`` float64, rows in the order of the features."""
