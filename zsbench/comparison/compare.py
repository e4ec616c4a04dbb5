"""Differences of two systems: how large, how sure, and where.

Shapes: N examples, k statistics an example.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from zsbench.comparison.sides import CellScores, System
from zsbench.errors import ScoringError
from zsbench.interfaces import Metric
from zsbench.judgement.comparability import list_versions, signature_differences
from zsbench.judgement.difference import is_zero, measure_seed, pool_differences
from zsbench.judgement.pairing import ExamplePairs, ScoredExamples, pair_examples, pair_seeds
from zsbench.judgement.significance import Question, correct_family, is_asked, is_significant
from zsbench.statistics import (
    RESAMPLES,
    Pair,
    PairedDifference,
    detectable_difference,
    needed_examples,
    randomization_tests,
)

__all__ = ["CompareOptions", "Comparison", "ExampleChange", "MetricComparison", "compare_pairs", "compare_systems"]

_SHOWN = 10
_TIE = 1e-9


@dataclass(frozen=True, kw_only=True)
class CompareOptions:
    """How two systems are compared.

    Attributes:
        force: Compare scores of different signatures, on the examples that both have, and label the result.
        resamples: Of both tests.
    """

    force: bool = False
    resamples: int = RESAMPLES


@dataclass(frozen=True, kw_only=True)
class MetricComparison:
    """One metric of both systems; differences are b less a, on the metric's own scale.

    Attributes:
        key: Metric, and group where it is one.
        title: Printed name.
        factor: What printed scores are multiplied by.
        a: Score of system a on the common examples, the mean of the seeds that are compared.
        b: Score of system b.
        n: How many examples both have.
        found: Difference, interval and p-value by the paired bootstrap, which decides.
        p_randomization: By approximate randomisation, to be held beside it; the largest of the seeds.
        corrected: The p-value after Holm's correction over the family; NaN before.
        family: How many differences are asked together.
        resamples: Of both tests.
        detectable: Smallest true difference that the standard error lets a test find 4 times in 5.
        needed: How many examples the measured difference would need for that.
        wins: Examples on which b is better.
        losses: Examples on which a is better.
        ties: The others.
    """

    key: str
    title: str
    factor: float
    a: float
    b: float
    n: int
    found: PairedDifference
    p_randomization: float
    detectable: float
    needed: float
    wins: int
    losses: int
    ties: int
    resamples: int
    corrected: float = float("nan")
    family: int = 1

    @property
    def p_value(self) -> float:
        """That of the difference alone; 1 if the difference is zero as printed."""
        return 1.0 if is_zero(self.found.difference, self.factor) else self.found.p_value

    @property
    def significant(self) -> bool:
        """Whether the systems differ."""
        return is_significant(self.corrected)


@dataclass(frozen=True)
class ExampleChange:
    """One example that gains or loses under the main metric."""

    id: str
    change: float
    a: str
    b: str


@dataclass(frozen=True, eq=False)
class Comparison:
    """Two systems on one task.

    Attributes:
        a: The first.
        b: The second.
        labels: What a reader must know.
        metrics: What was compared.
        apart: Metrics that only one of them has, with the reason.
        changed: Examples whose captions differ, in any seed.
        n: How many examples both have.
        main: Title of the metric of the two lists.
        gains: The examples on which b gains most, most first.
        losses: The examples on which b loses most, most first.
    """

    a: System
    b: System
    labels: tuple[str, ...]
    metrics: tuple[MetricComparison, ...]
    apart: tuple[str, ...]
    changed: int
    n: int
    main: str
    gains: tuple[ExampleChange, ...]
    losses: tuple[ExampleChange, ...]


def compare_pairs(
    pairs: Sequence[tuple[System, System]], metrics: Mapping[str, Metric], options: CompareOptions
) -> list[Comparison]:
    """Compare systems two by two; all their differences are one family.

    Args:
        pairs: Systems on one task each; differences are the second less the first.
        metrics: By id; those that are not there are not compared.
        options: How.

    Raises:
        ScoringError: Signatures differ and ``force`` is not set, or nothing can be compared.
    """
    drafts = [_compare(a, b, metrics, options) for a, b in pairs]
    asked = [row for draft in drafts for row in draft.metrics]
    found = iter(correct_family([Question(row.found.difference, row.found.p_value, row.factor) for row in asked]))
    return [
        replace(
            draft,
            metrics=tuple(replace(row, corrected=next(found), family=len(asked)) for row in draft.metrics),
        )
        for draft in drafts
    ]


def compare_systems(a: System, b: System, metrics: Mapping[str, Metric], options: CompareOptions) -> Comparison:
    """Compare two systems on the examples that both have, as ``compare_pairs`` does."""
    return compare_pairs([(a, b)], metrics, options)[0]


def _compare(a: System, b: System, metrics: Mapping[str, Metric], options: CompareOptions) -> Comparison:
    """Two systems on one task, without a correction."""
    common = _Common(a, b, metrics)
    labels = _check_signatures(common, force=options.force)
    if not common.keys or not common.ids(common.keys[0]):
        raise ScoringError(
            f"{a.name} and {b.name} share no metric on any example.",
            "Both have the same metrics on the same examples.",
            "Score both with the same `--metrics` and on the same task.",
        )
    rows = tuple(_row(common, key, options) for key in common.keys if common.ids(key))
    gains, losses, main = _changes(common)
    return Comparison(
        a=a,
        b=b,
        labels=(*labels, *common.seed_labels, *_side_labels(a, b)),
        metrics=rows,
        apart=common.apart,
        changed=common.changed,
        n=len(common.whole),
        main=main,
        gains=gains,
        losses=losses,
    )


@dataclass(frozen=True, eq=False)
class _Common:
    """What two systems have in common."""

    a: System
    b: System
    metrics: Mapping[str, Metric]

    @property
    def cells(self) -> list[CellScores]:
        """Every seed of both."""
        return [*self.a.cells, *self.b.cells]

    @cached_property
    def keys(self) -> list[str]:
        """The rows that every seed of both has and that are asked: metrics of the whole, the main one of groups."""
        first = self.a.cells[0].rows
        known = [
            key
            for key, row in first.items()
            if row["id"] in self.metrics and all(key in cell.rows and key in cell.statistics for cell in self.cells)
        ]
        main = self.a.main_metric if self.a.main_metric in known else "".join(known[:1])
        return [key for key in known if is_asked(first[key]["id"], first[key]["grouping"], main)]

    @cached_property
    def whole(self) -> list[str]:
        """The examples that every seed of both has."""
        shared = set(self.a.cells[0].predictions).intersection(*(cell.predictions for cell in self.cells))
        return [id_ for id_ in self.a.cells[0].predictions if id_ in shared]

    @cached_property
    def apart(self) -> tuple[str, ...]:
        """What only some have, in words."""
        told: dict[str, str] = {}
        for cell in self.cells:
            told |= dict(cell.not_run)
            told |= {
                str(row["title"]): "it has scores on one side only, or its plugin is not installed"
                for key, row in cell.rows.items()
                if key not in self.keys and row["grouping"] is None
            }
        return tuple(f"{title}: {reason}" for title, reason in told.items())

    @cached_property
    def seeds(self) -> list[tuple[CellScores, CellScores]]:
        """The seeds that are compared, b first: differences are b less a."""
        places = pair_seeds([cell.seed for cell in self.b.cells], [cell.seed for cell in self.a.cells])
        return [(self.b.cells[own], self.a.cells[other]) for own, other in places]

    @property
    def seed_labels(self) -> list[str]:
        """What is said where a seed has no partner."""
        used = [cell for pair in self.seeds for cell in pair]
        left = {"A": self.a, "B": self.b}
        told = {side: [str(c.seed) for c in one.cells if all(c is not u for u in used)] for side, one in left.items()}
        known = ((side, ", ".join(seeds)) for side, seeds in told.items() if seeds)
        return [f"{side}: seed {seeds} has no partner and is left out" for side, seeds in known]

    @property
    def changed(self) -> int:
        """How many examples have another prediction in b, seed by seed."""
        pairs = self.seeds
        return sum(any(own.predictions[id_] != other.predictions[id_] for own, other in pairs) for id_ in self.whole)

    def ids(self, key: str) -> list[str]:
        """The common examples of a row."""
        members = set(self.whole).intersection(*(cell.ids(key) for cell in self.cells))
        return [id_ for id_ in self.whole if id_ in members]

    def examples(self, cell: CellScores, key: str) -> ScoredExamples:
        """The common examples of a row, in their order."""
        places, ids = {id_: place for place, id_ in enumerate(cell.ids(key))}, self.ids(key)
        return ScoredExamples(cell.seed, ids, cell.statistics[key][[places[id_] for id_ in ids]], cell.images)

    def metric(self, key: str) -> Metric:
        """The metric of a row."""
        return self.metrics[self.a.cells[0].rows[key]["id"]]

    def pairs(self, key: str) -> list[ExamplePairs]:
        """A row's statistics on both sides, b first, one a pair of seeds."""
        return [pair_examples(self.examples(own, key), self.examples(other, key)) for own, other in self.seeds]

    def change(self, key: str) -> NDArray[np.float64]:
        """``(N,)`` how much better b is on each example alone, seeds averaged."""
        metric = self.metric(key)
        gains = [metric.values(pair.own) - metric.values(pair.other) for pair in self.pairs(key)]
        return np.asarray(np.mean(gains, axis=0), dtype=np.float64)


def _check_signatures(common: _Common, *, force: bool) -> tuple[str, ...]:
    """Refuse scores whose signatures differ, or label them."""
    differing: dict[str, list[str]] = {}
    for key in common.keys:
        first, *others = (str(cell.rows[key]["signature"]) for cell in common.cells)
        for line in dict.fromkeys(line for other in others for line in signature_differences(first, other)):
            differing.setdefault(line, []).append(str(common.a.cells[0].rows[key]["title"]))
    told = [f"{line} ({', '.join(dict.fromkeys(titles))})" for line, titles in differing.items()]
    if told and not force:
        raise ScoringError(
            f"The scores of {common.a.name} and {common.b.name} have different signatures: {'; '.join(told)}.",
            "Only scores of one signature can be compared.",
            "Score both alike, or add `--force` to compare what both have and label the result.",
        )
    return tuple(f"forced: signatures differ in {line}" for line in told)


def _side_labels(a: System, b: System) -> list[str]:
    """The labels of the scores of both sides."""
    sides = {"A": a, "B": b}
    texts = [str(row["signature"]) for system in (a, b) for cell in system.cells for row in cell.rows.values()]
    versions = list_versions(texts)
    told = [f"scored by zsbench {' and '.join(versions)}"] if len(versions) > 1 else []
    labels = [f"{side}: {label}" for side, system in sides.items() for cell in system.cells for label in cell.labels]
    return list(dict.fromkeys([*told, *labels]))


def _row(common: _Common, key: str, options: CompareOptions) -> MetricComparison:
    """What is told about one row, without a correction."""
    row, metric, pairs = common.a.cells[0].rows[key], common.metric(key), common.pairs(key)
    found = pool_differences([measure_seed(metric, key, pair, resamples=options.resamples) for pair in pairs])
    detectable = detectable_difference(found.standard_error)
    change = common.change(key)
    wins, losses = int(np.count_nonzero(change > _TIE)), int(np.count_nonzero(change < -_TIE))
    return MetricComparison(
        key=key,
        title=str(row["title"]) + (f" ({row['group']})" if row["group"] else ""),
        factor=float(row["factor"]),
        a=float(np.mean([metric.aggregate(pair.other) for pair in pairs])),
        b=float(np.mean([metric.aggregate(pair.own) for pair in pairs])),
        n=len(change),
        found=found,
        p_randomization=max(_randomize(metric, pair, options.resamples) for pair in pairs),
        detectable=detectable,
        needed=needed_examples(len(change), detectable, found.difference),
        wins=wins,
        losses=losses,
        ties=len(change) - wins - losses,
        resamples=options.resamples,
    )


def _randomize(metric: Metric, pair: ExamplePairs, resamples: int) -> float:
    """The p-value of approximate randomisation for one pair of seeds."""
    return randomization_tests([Pair(metric, [pair.own], [pair.other])], resamples=resamples, clusters=pair.clusters)[0]


def _changes(common: _Common) -> tuple[tuple[ExampleChange, ...], tuple[ExampleChange, ...], str]:
    """The examples that gain and lose most under the main metric, and its title."""
    key = common.a.main_metric if common.a.main_metric in common.keys else common.keys[0]
    change, ids = common.change(key), common.ids(key)
    order = np.argsort(change, kind="stable")
    best = [place for place in order[::-1][:_SHOWN] if change[place] > _TIE]
    worst = [place for place in order[:_SHOWN] if change[place] < -_TIE]
    own, other = common.a.cells[0].predictions, common.b.cells[0].predictions

    def tell(places: Sequence[np.intp]) -> tuple[ExampleChange, ...]:
        return tuple(
            ExampleChange(ids[place], float(change[place]), own[ids[place]], other[ids[place]]) for place in places
        )

    return tell(best), tell(worst), str(common.a.cells[0].rows[key]["title"])
