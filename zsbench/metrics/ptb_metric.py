"""What every metric over PTB tokens needs to run."""

from __future__ import annotations

from zsbench.errors import MetricNotRunError, MissingDependencyError
from zsbench.interfaces.metric import Metric
from zsbench.metrics.ptb import TOKENIZER, check_ptb_available

__all__ = ["PtbMetric", "missing"]


class PtbMetric(Metric):
    """A metric whose texts must have had the PTB tokenisation."""

    @property
    def tokenizer(self) -> str:
        """The PTB tokenisation of CoreNLP 3.4.1."""
        return TOKENIZER

    def check_available(self) -> None:
        """Raise if the tokeniser cannot run on this machine.

        Raises:
            MetricNotRunError: Java or the tokeniser's jar is missing.
        """
        try:
            check_ptb_available()
        except MissingDependencyError as error:
            raise missing(error, metric=self.id) from error


def missing(error: MissingDependencyError, *, metric: str) -> MetricNotRunError:
    """The same three sentences, about one metric."""
    return MetricNotRunError(error.found, error.expected, error.remedy, metric=metric)
