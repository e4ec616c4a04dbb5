"""Predictions and a prepared split to scores: every metric that can run is computed, the others say why not."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from zsbench import __version__
from zsbench.errors import MetricNotRunError, MissingDependencyError, ScoringError
from zsbench.interfaces.metric import CaptionFeatures, Metric, PreparedReferences, SimilarityMetric
from zsbench.interfaces.task import GroupIdf
from zsbench.metrics.signature import Signature, short_hash
from zsbench.metrics.split import PreparedSplit, prepare_references, tokenize_with
from zsbench.statistics import RESAMPLES, Interval, bootstrap_all, cluster_codes

__all__ = [
    "MetricResult",
    "PreparedSplit",
    "ScoringContext",
    "prepare_references",
    "score_predictions",
    "tokenize_many",
]

Groups = Mapping[str, Mapping[str, Sequence[str]]]
"""Ids by grouping and group."""

Tokenized = Mapping[str, Mapping[str, str]]
"""Predictions of one system by tokenisation and id."""


@dataclass(frozen=True, kw_only=True)
class ScoringContext:
    """What goes into signatures and standard errors beside the texts.

    Attributes:
        split: Name of the split that document frequencies come from, such as the task's id.
        references: Which references are used.
        groups: Parts of the split that are scored on their own too: ids by grouping and group.
        group_idf: Whose document frequencies the score of a group uses.
        clusters: What each example belongs to, such as the image of a question; the bootstrap draws by it. Empty where
            every example stands alone.
        resamples: Of the bootstrap.
        seed: Of the bootstrap.
    """

    split: str
    references: str = "all"
    groups: Groups = field(default_factory=dict)
    group_idf: GroupIdf = "shared"
    clusters: Mapping[str, str] = field(default_factory=dict)
    resamples: int = RESAMPLES
    seed: int = 0


@dataclass(frozen=True, kw_only=True, eq=False)
class MetricResult:
    """One metric of one set of predictions, or of one group of them.

    Attributes:
        metric: The metric's id.
        title: Its title.
        factor: What a printed score is multiplied by.
        grouping: Such as ``domain``; None for all predictions.
        group: Such as ``in-domain``; None for all predictions.
        ids: Of the examples, in the order of the rows below.
        score: On the metric's own scale; None if it was not run.
        standard_error: By the bootstrap over examples, on the same scale.
        low: Lower end of the 95 % percentile interval.
        high: Upper end.
        statistics: ``(N, k)`` sufficient statistics.
        values: ``(N,)`` score of each example alone.
        signature: What must be equal for scores to be comparable.
        seconds: How long preparation and statistics took.
        not_run: Why the metric was not run; empty if it was.
    """

    metric: str
    title: str
    factor: float
    ids: tuple[str, ...]
    grouping: str | None = None
    group: str | None = None
    score: float | None = None
    standard_error: float | None = None
    low: float | None = None
    high: float | None = None
    statistics: NDArray[np.float64] | None = None
    values: NDArray[np.float64] | None = None
    signature: str = ""
    seconds: float = 0.0
    not_run: str = ""


@dataclass(frozen=True, eq=False)
class _Measured:
    """The statistics of a metric that ran, and the idf source of its signature."""

    metric: Metric
    statistics: NDArray[np.float64]
    fields: Mapping[str, str]
    seconds: float


@dataclass(frozen=True)
class _Part:
    """All predictions, or one group of them."""

    ids: tuple[str, ...]
    grouping: str | None = None
    group: str | None = None


def tokenize_many(systems: Mapping[str, Mapping[str, str]], metrics: Sequence[Metric]) -> dict[str, Tokenized]:
    """Tokenise the predictions of several systems, in one Java run for all of them.

    A tokenisation that cannot run is left out; ``score_predictions`` then tries again and says why.

    Args:
        systems: Predictions by system and id.
        metrics: The metrics that will score.
    """
    result: dict[str, dict[str, dict[str, str]]] = {name: {} for name in systems}
    for tokenizer in dict.fromkeys(metric.tokenizer for metric in metrics):
        try:
            blocks = tokenize_with(tokenizer, [list(predictions.values()) for predictions in systems.values()])
        except (MetricNotRunError, MissingDependencyError):
            continue
        for (name, predictions), tokens in zip(systems.items(), blocks, strict=True):
            result[name][tokenizer] = dict(zip(predictions, tokens, strict=True))
    return dict(result)


def score_predictions(
    predictions: Mapping[str, str],
    split: PreparedSplit,
    metrics: Sequence[Metric],
    *,
    context: ScoringContext,
    tokenized: Tokenized | None = None,
    features: Mapping[str, CaptionFeatures] | None = None,
) -> list[MetricResult]:
    """Score predictions with every metric that can run.

    Predictions should come in the order of the split: the PTB tokeniser looks a little way into the next caption.

    Args:
        predictions: Captions or answers by id, all of the split or any part of it.
        split: The references of the whole split.
        metrics: What to compute, in the order of the results.
        context: What goes into signatures and standard errors, and which groups are scored too.
        tokenized: What ``tokenize_many`` made of these predictions; made here if not given.
        features: By prompt, what a scoring encoder says of the predictions, rows in their order.

    Returns:
        One result a metric for all predictions, then one for each group that has a prediction.

    Raises:
        ScoringError: There are no predictions, or one has no references.
    """
    _check_ids(predictions, split)
    scorer = _Scorer(predictions, split, context, dict(tokenized or {}), features or {})
    outcomes = [scorer.measure(metric) for metric in metrics]
    results = scorer.describe(metrics, outcomes, _Part(tuple(predictions)))
    for part in _iter_parts(predictions, context.groups):
        results += scorer.describe(metrics, [scorer.restrict(outcome, part) for outcome in outcomes], part)
    return results


@dataclass(frozen=True, eq=False)
class _Scorer:
    """One set of predictions while it is scored; ``texts`` fills with tokenisations on the way."""

    predictions: Mapping[str, str]
    split: PreparedSplit
    context: ScoringContext
    texts: dict[str, Mapping[str, str]]
    features: Mapping[str, CaptionFeatures]

    @cached_property
    def _rows(self) -> dict[str, int]:
        """Row of each id among the predictions."""
        return {id_: row for row, id_ in enumerate(self.predictions)}

    def measure(self, metric: Metric) -> _Measured | str:
        """The statistics of one metric of all predictions, or why it was not run."""
        start = time.perf_counter()
        try:
            metric.check_available()
            prepared = self.split.prepared(metric)
            if isinstance(metric, SimilarityMetric) and metric.prompt in self.features:
                found = self.features[metric.prompt]
                statistics = metric.similarity_statistics(found)
                fields = {"encoder": _plain(found.encoder), **({"same-encoder": "yes"} if found.same_encoder else {})}
            else:
                statistics = metric.statistics(self._tokens(metric, list(self.predictions)), prepared)
                fields = self._fields(metric, prepared, self.context.split)
        except (MetricNotRunError, MissingDependencyError) as error:
            return str(error)
        statistics = np.asarray(statistics, dtype=np.float64)
        _check_rows(metric, statistics, len(self.predictions))
        return _Measured(metric, statistics, fields, time.perf_counter() - start)

    def restrict(self, outcome: _Measured | str, part: _Part) -> _Measured | str:
        """The statistics of one group: rows of the whole's, or its own where document frequencies are the group's."""
        if isinstance(outcome, str):
            return outcome
        metric = outcome.metric
        if self.context.group_idf == "shared" or not metric.depends_on_split:
            rows = [self._rows[id_] for id_ in part.ids]
            return replace(outcome, statistics=outcome.statistics[rows], seconds=0.0)
        start = time.perf_counter()
        members = self.context.groups[str(part.grouping)][str(part.group)]
        prepared = self.split.prepared(metric, tuple(members))
        statistics = np.asarray(metric.statistics(self._tokens(metric, part.ids), prepared), dtype=np.float64)
        fields = self._fields(metric, prepared, f"{self.context.split}/{part.grouping}={part.group}")
        return _Measured(metric, statistics, fields, time.perf_counter() - start)

    def describe(
        self, metrics: Sequence[Metric], outcomes: Sequence[_Measured | str], part: _Part
    ) -> list[MetricResult]:
        """What is told about each metric of one part; examples are resampled once for all metrics."""
        measured = [outcome for outcome in outcomes if isinstance(outcome, _Measured)]
        pairs = [(outcome.metric, outcome.statistics) for outcome in measured]
        context = self.context
        clusters = cluster_codes(part.ids, context.clusters)
        found = bootstrap_all(pairs, resamples=context.resamples, seed=context.seed, clusters=clusters)
        intervals = {one.metric.id: interval for one, interval in zip(measured, found, strict=True)}
        return [
            _not_run(metric, outcome, part)
            if isinstance(outcome, str)
            else self._result(outcome, intervals[metric.id], part)
            for metric, outcome in zip(metrics, outcomes, strict=True)
        ]

    def _tokens(self, metric: Metric, ids: Sequence[str]) -> dict[str, str]:
        """Predictions of some ids as the metric wants them."""
        if metric.tokenizer not in self.texts:
            (tokens,) = tokenize_with(metric.tokenizer, [list(self.predictions.values())])
            self.texts[metric.tokenizer] = dict(zip(self.predictions, tokens, strict=True))
        texts = self.texts[metric.tokenizer]
        return {id_: texts[id_] for id_ in ids}

    def _fields(self, metric: Metric, prepared: PreparedReferences, source: str) -> dict[str, str]:
        """A metric's own signature fields; a field ``idf`` is preceded by the name of what it comes from."""
        fields = dict(metric.signature_fields(prepared))
        if "idf" in fields:
            fields["idf"] = f"{source}:{fields['idf']}"
        return fields

    def _result(self, outcome: _Measured, interval: Interval, part: _Part) -> MetricResult:
        """What is told about one metric that ran."""
        metric = outcome.metric
        signature = Signature.of(
            metric.title,
            {
                "tok": metric.tokenizer,
                **outcome.fields,
                "refs": f"{self.context.references}:{self.split.references_hash(metric.tokenizer)}",
                **({} if part.grouping is None else {"group": f"{part.grouping}={part.group}"}),
                "n": str(len(part.ids)),
                "ids": short_hash(sorted(part.ids)),
                "zsbench": __version__,
            },
        )
        return MetricResult(
            metric=metric.id,
            title=metric.title,
            factor=metric.factor,
            ids=part.ids,
            grouping=part.grouping,
            group=part.group,
            score=interval.score,
            standard_error=interval.standard_error,
            low=interval.low,
            high=interval.high,
            statistics=outcome.statistics,
            values=metric.values(outcome.statistics),
            signature=str(signature),
            seconds=outcome.seconds,
        )


def _iter_parts(predictions: Mapping[str, str], groups: Groups) -> Iterator[_Part]:
    """Every group that has a prediction."""
    for grouping, found in groups.items():
        for group, members in found.items():
            ids = tuple(id_ for id_ in members if id_ in predictions)
            if ids:
                yield _Part(ids, grouping, group)


def _not_run(metric: Metric, reason: str, part: _Part) -> MetricResult:
    """What is told about one metric that was not run."""
    return MetricResult(
        metric=metric.id,
        title=metric.title,
        factor=metric.factor,
        ids=part.ids,
        grouping=part.grouping,
        group=part.group,
        not_run=reason,
    )


def _plain(name: str) -> str:
    """A name without what separates the fields of a signature."""
    return name.replace("|", "/")


def _check_ids(predictions: Mapping[str, str], split: PreparedSplit) -> None:
    """Refuse predictions that the split knows nothing of."""
    known = next(iter(split.references.values()), None)
    unknown = [] if known is None else sorted(set(predictions) - set(known))
    if not predictions or unknown:
        listed = ", ".join(unknown[:5]) or "none"
        raise ScoringError(
            f"There are {len(predictions)} predictions, {len(unknown)} without references: {listed}.",
            "Expected at least one prediction, each with references in the split.",
            "Check that the predictions belong to this task and split.",
            ids=unknown,
        )


def _check_rows(metric: Metric, statistics: NDArray[np.float64], expected: int) -> None:
    """Refuse statistics that are not one row an example."""
    if statistics.ndim != 2 or len(statistics) != expected:  # noqa: PLR2004  (N, k)
        raise ScoringError(
            f"Metric {metric.id} gave statistics of shape {statistics.shape}.",
            f"Expected one row for each of {expected} predictions.",
            "Report this to the author of the metric.",
        )
