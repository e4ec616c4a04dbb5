"""Predictions and a prepared split to scores: every metric that can run is computed, the others say why not."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from zsbench import __version__
from zsbench.errors import MetricNotRunError, MissingDependencyError, ScoringError
from zsbench.interfaces.metric import Metric
from zsbench.metrics.signature import Signature, short_hash
from zsbench.metrics.split import PreparedSplit, prepare_references, tokenize_with
from zsbench.statistics import RESAMPLES, bootstrap_all

__all__ = [
    "MetricResult",
    "PreparedSplit",
    "ScoringContext",
    "prepare_references",
    "score_predictions",
    "tokenize_many",
]

Tokenized = Mapping[str, Mapping[str, str]]
"""Predictions of one system by tokenisation and id."""


@dataclass(frozen=True, kw_only=True)
class ScoringContext:
    """What goes into signatures and standard errors beside the texts.

    Attributes:
        split: Name of the split that document frequencies come from, such as the task's id.
        references: Which references are used.
        resamples: Of the bootstrap.
        seed: Of the bootstrap.
    """

    split: str
    references: str = "all"
    resamples: int = RESAMPLES
    seed: int = 0


@dataclass(frozen=True, kw_only=True, eq=False)
class MetricResult:
    """One metric of one set of predictions.

    Attributes:
        metric: The metric's id.
        title: Its title.
        factor: What a printed score is multiplied by.
        ids: Of the examples, in the order of the rows below.
        score: On the metric's own scale; None if it was not run.
        standard_error: By the bootstrap over examples, on the same scale.
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
    score: float | None = None
    standard_error: float | None = None
    statistics: NDArray[np.float64] | None = None
    values: NDArray[np.float64] | None = None
    signature: str = ""
    seconds: float = 0.0
    not_run: str = ""


@dataclass(frozen=True, eq=False)
class _Measured:
    """The statistics of a metric that ran."""

    metric: Metric
    statistics: NDArray[np.float64]
    signature: str
    seconds: float


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
) -> list[MetricResult]:
    """Score predictions with every metric that can run.

    Predictions should come in the order of the split: the PTB tokeniser looks a little way into the next caption.

    Args:
        predictions: Captions or answers by id, all of the split or any part of it.
        split: The references of the whole split.
        metrics: What to compute, in the order of the results.
        context: What goes into signatures and standard errors.
        tokenized: What ``tokenize_many`` made of these predictions; made here if not given.

    Raises:
        ScoringError: There are no predictions, or one has no references.
    """
    _check_ids(predictions, split)
    texts: dict[str, Mapping[str, str]] = dict(tokenized or {})
    outcomes = [_measure(metric, predictions, split, texts, context) for metric in metrics]
    measured = [outcome for outcome in outcomes if isinstance(outcome, _Measured)]
    pairs = [(outcome.metric, outcome.statistics) for outcome in measured]
    intervals = bootstrap_all(pairs, resamples=context.resamples, seed=context.seed)
    errors = {one.metric.id: interval.standard_error for one, interval in zip(measured, intervals, strict=True)}
    ids = tuple(predictions)
    return [_result(metric, ids, outcome, errors) for metric, outcome in zip(metrics, outcomes, strict=True)]


def _measure(
    metric: Metric,
    predictions: Mapping[str, str],
    split: PreparedSplit,
    texts: dict[str, Mapping[str, str]],
    context: ScoringContext,
) -> _Measured | str:
    """The statistics of one metric, or why it was not run; fills ``texts`` with tokenisations on the way."""
    start = time.perf_counter()
    try:
        metric.check_available()
        prepared = split.prepared(metric)
        if metric.tokenizer not in texts:
            (tokens,) = tokenize_with(metric.tokenizer, [list(predictions.values())])
            texts[metric.tokenizer] = dict(zip(predictions, tokens, strict=True))
        ordered = {id_: texts[metric.tokenizer][id_] for id_ in predictions}
        statistics = np.asarray(metric.statistics(ordered, prepared), dtype=np.float64)
    except (MetricNotRunError, MissingDependencyError) as error:
        return str(error)
    _check_rows(metric, statistics, len(predictions))
    signature = str(_sign(metric, split, predictions, context))
    return _Measured(metric, statistics, signature, time.perf_counter() - start)


def _sign(metric: Metric, split: PreparedSplit, predictions: Mapping[str, str], context: ScoringContext) -> Signature:
    """The signature of a score; a field ``idf`` is preceded by the name of the split that it comes from."""
    fields = dict(metric.signature_fields(split.prepared(metric)))
    if "idf" in fields:
        fields["idf"] = f"{context.split}:{fields['idf']}"
    return Signature.of(
        metric.title,
        {
            "tok": metric.tokenizer,
            **fields,
            "refs": f"{context.references}:{split.references_hash(metric.tokenizer)}",
            "n": str(len(predictions)),
            "ids": short_hash(sorted(predictions)),
            "zsbench": __version__,
        },
    )


def _result(
    metric: Metric, ids: tuple[str, ...], outcome: _Measured | str, errors: Mapping[str, float]
) -> MetricResult:
    """What is told about one metric."""
    if isinstance(outcome, str):
        return MetricResult(metric=metric.id, title=metric.title, factor=metric.factor, ids=ids, not_run=outcome)
    return MetricResult(
        metric=metric.id,
        title=metric.title,
        factor=metric.factor,
        ids=ids,
        score=metric.aggregate(outcome.statistics),
        standard_error=errors[metric.id],
        statistics=outcome.statistics,
        values=metric.values(outcome.statistics),
        signature=outcome.signature,
        seconds=outcome.seconds,
    )


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
