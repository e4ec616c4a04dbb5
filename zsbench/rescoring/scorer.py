"""A prediction file to scores."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from zsbench.code import CodeHashes
from zsbench.errors import ConfigError, CorruptDataError, HashMismatchError, ScoringError, few
from zsbench.fingerprints import FileHashes
from zsbench.interfaces import Metric, TaskCard
from zsbench.metrics import MetricResult, PreparedSplit, ScoringContext, prepare_references, score_predictions
from zsbench.metrics.descriptive import describe_captions
from zsbench.predictions import Matching, PredictionFile, match_ids, read_predictions
from zsbench.registry import Registry
from zsbench.rescoring.request import ScoreRequest
from zsbench.rescoring.target import Target, find_target
from zsbench.stages import MetricSet, References, Setup, StageContext
from zsbench.store import Store

__all__ = ["FileScorer", "ScoredFile"]

_FREE_FORMS = ("json-lines", "csv", "knight")
"""Forms that hold captions and answers alike."""


@dataclass(frozen=True, eq=False)
class ScoredFile:
    """A prediction file with its scores.

    Attributes:
        request: What was asked.
        file: The predictions as they were read.
        target: What they were scored against.
        matching: How ids were laid on the target's.
        predictions: By the target's ids, in its order.
        results: One a metric, then one a metric and group.
        metrics: What computed them.
        labels: What a reader must know of the scores.
        context: What went into signatures and standard errors.
        expected: How many examples were to be predicted.
    """

    request: ScoreRequest
    file: PredictionFile
    target: Target
    matching: Matching
    predictions: Mapping[str, str]
    results: Sequence[MetricResult]
    metrics: Sequence[Metric]
    labels: tuple[str, ...]
    context: ScoringContext
    expected: int

    @property
    def card(self) -> TaskCard:
        """The facts of what was scored."""
        return self.target.card

    @property
    def descriptives(self) -> dict[str, Any] | None:
        """Descriptive figures of the captions; None for answers."""
        if self.card.kind != "captioning":
            return None
        return dataclasses.asdict(describe_captions(list(self.predictions.values())))


class FileScorer:
    """Scores prediction files; what is made of references and metrics is kept from one file to the next.

    Args:
        registry: Knows tasks, metrics and data roots.
        cache: Folder of the store.
    """

    def __init__(self, registry: Registry, cache: Path) -> None:
        self.registry = registry
        self.cache = cache
        self._context = StageContext(Store(cache / "store"))
        self.remarks: list[str] = []
        """What is worth saying that is no error."""

    def __enter__(self) -> FileScorer:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End what metrics keep running."""
        self._context.close()

    def score(self, request: ScoreRequest) -> ScoredFile:
        """Read, match, check and score one file.

        Raises:
            ZsbenchError: A file, an id or a metric is wrong, or predictions and examples do not fit.
        """
        file = read_predictions(request.file, form=request.form, subset_field=request.subset_field)
        target = find_target(request, file, self.registry, self.cache)
        _check_kind(file, target)
        ids = list(target.references)[: request.limit]
        matching = match_ids(list(file.predictions), list(target.references), target.names)
        said = {known: file.predictions[given] for given, known in matching.known.items()}
        predictions = {id_: said[id_] for id_ in ids if id_ in said}
        labels = _check_coverage(request, target, matching, ids, predictions)
        groups = _groups(request, file, target, matching)
        chosen = MetricSet.find(request.metrics or target.card.metrics, self.registry)
        metrics = self._context.metrics(chosen)
        context = ScoringContext(
            split=target.card.id,
            groups=groups,
            group_idf=request.group_idf or target.card.group_idf,
            clusters=target.clusters,
        )
        split = self._prepare(target, chosen)
        results = score_predictions(predictions, split, metrics, context=context)
        target = replace(target, groups=groups)
        return ScoredFile(
            request, file, target, matching, predictions, results, metrics, labels, context, expected=len(ids)
        )

    def _prepare(self, target: Target, metrics: MetricSet) -> PreparedSplit:
        """The tokenised references, from the store if they are there; made and kept otherwise."""
        hashes = FileHashes(self.cache)
        stage = References(
            setup=Setup(CodeHashes(hashes), hashes),
            split=target.card.id,
            content=target.content,
            load=lambda: target.references,
            metrics=metrics,
        )
        try:
            return self._context.once(stage.key, lambda: self._stored_split(stage))
        except OSError as error:  # a cache that is full or read-only costs time, not the scores
            self.remarks.append(f"The references are not kept, for {self.cache} takes nothing: {error}.")
            made = prepare_references(target.references, self._context.metrics(metrics))
            return self._context.once(stage.key, lambda: made)

    def _stored_split(self, stage: References) -> PreparedSplit:
        """The entry of the store, made first if it is missing, damaged or was not complete."""
        store = self._context.store
        entry = store.find(stage.kind, stage.key)
        if entry is not None and entry.final:
            try:
                entry.check()
                return PreparedSplit.load(entry.folder)
            except (HashMismatchError, CorruptDataError) as error:
                self.remarks.append(f"Corrupt store entry, rebuilt: {error.found}")
                store.discard(stage.kind, stage.key)
        with store.lock(stage.key):
            final = stage.run(store.partial(stage.kind, stage.key), self._context)
            made = store.commit(stage.kind, stage.key, stage.depends_on, seconds=0.0, final=final, label=stage.label)
        return PreparedSplit.load(made.folder)


def _check_kind(file: PredictionFile, target: Target) -> None:
    """Refuse captions for questions, and answers for images."""
    asks = target.card.kind == "question-answering"
    if file.form.id not in _FREE_FORMS and file.form.answers != asks:
        said, wanted = ("answers", "captions") if file.form.answers else ("captions", "answers")
        raise ScoringError(
            f"{file.path.name} ({file.form.id}) holds {said}.",
            f"{target.card.title} expects {wanted}.",
            "Check --task or --references: this file is for another one.",
        )


def _check_coverage(
    request: ScoreRequest, target: Target, matching: Matching, ids: Sequence[str], predictions: Mapping[str, str]
) -> tuple[str, ...]:
    """Refuse what does not cover exactly the examples, unless it is allowed; the labels of what was allowed."""
    missing = [id_ for id_ in ids if id_ not in predictions]
    extra = [*matching.unknown, *matching.clashes]
    labels = [f"limit: the first {len(ids)} of {len(target.references)} examples"] if request.limit is not None else []
    if not predictions or (missing and not request.allow_partial) or (extra and not request.force):
        flags = [*(["`--allow-partial`"] if missing else []), *(["`--force`"] if extra else [])]
        remedy = f"{' and '.join(flags)} would score the rest and label it." if predictions else "Look at both files."
        raise ScoringError(
            f"{len(missing)} ids have no prediction ({few(missing)}), {len(extra)} predictions have no example "
            f"({few(extra)}).",
            f"{target.card.title} expects one prediction for each of {len(ids)} ids, such as {few(ids[:2])}.",
            f"Check that {request.file.name} belongs to it; {remedy}",
            ids=[*missing, *extra],
        )
    if missing:
        labels.append(f"partial: {len(predictions)} of {len(ids)} examples are predicted")
    if extra:
        labels.append(f"forced: {len(extra)} predictions without an example are left out")
    return tuple(labels)


def _groups(
    request: ScoreRequest, file: PredictionFile, target: Target, matching: Matching
) -> Mapping[str, Mapping[str, Sequence[str]]]:
    """The target's groups, and those of the field that was asked for."""
    if not request.subset_field:
        return target.groups
    known = {matching.known[given]: value for given, value in file.subsets.items() if given in matching.known}
    found = {**known, **target.subsets}
    missing = [id_ for id_ in target.references if id_ not in found]
    if missing:
        raise ConfigError(
            f"{len(missing)} of {len(target.references)} examples have no field {request.subset_field!r} "
            f"({few(missing)}).",
            "Every example names its group, in the references or in the predictions.",
            "Check --subset-field, or leave it out.",
            key="subset_field",
        )
    groups: dict[str, list[str]] = {}
    for id_ in target.references:
        groups.setdefault(found[id_], []).append(id_)
    return {**target.groups, request.subset_field: groups}
