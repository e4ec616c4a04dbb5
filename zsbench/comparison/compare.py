"""Differences of two systems: how large, how sure, and where.

Shapes: N examples, k statistics an example.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from zsbench.comparison.sides import CellScores, System
from zsbench.errors import ScoringError
from zsbench.interfaces import Metric
from zsbench.metrics import Signature
from zsbench.statistics import (
    RESAMPLES,
    Pair,
    PairedDifference,
    cluster_codes,
    detectable_difference,
    holm,
    needed_examples,
    paired_differences,
    randomization_tests,
)

__all__ = ["CompareOptions", "Comparison", "ExampleChange", "MetricComparison", "compare_systems"]

_SHOWN = 10
_TIE = 1e-9


@dataclass(frozen=True, kw_only=True)
class CompareOptions:
    """How two systems are compared.

    Attributes:
        force: Compare scores of different signatures, on the examples that both have, and label the result.
        resamples: Of both tests.
        seed: Of both tests.
    """

    force: bool = False
    resamples: int = RESAMPLES
    seed: int = 0


@dataclass(frozen=True, kw_only=True)
class MetricComparison:
    """One metric of both systems; differences are b less a, on the metric's own scale.

    Attributes:
        key: Metric, and group where it is one.
        title: Printed name.
        factor: What printed scores are multiplied by.
        a: Score of system a on the common examples, the mean of its seeds.
        b: Score of system b.
        n: How many examples both have.
        found: Difference, interval and p-value by the paired bootstrap.
        p_randomization: By approximate randomisation; NaN where the systems differ in their number of seeds.
        corrected: The larger of both p-values after Holm's correction over all metrics of the comparison.
        detectable: Smallest true difference that the bootstrap's standard error lets a test find 4 times in 5.
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
    corrected: float
    detectable: float
    needed: float
    wins: int
    losses: int
    ties: int


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


def compare_systems(a: System, b: System, metrics: Mapping[str, Metric], options: CompareOptions) -> Comparison:
    """Compare two systems on the examples that both have.

    Args:
        a: The first system.
        b: The second; differences are b less a.
        metrics: By id; those that are not there are not compared.
        options: How.

    Raises:
        ScoringError: Signatures differ and ``force`` is not set, or nothing can be compared.
    """
    common = _Common(a, b, metrics)
    labels = _check_signatures(common, force=options.force)
    if not common.keys or not common.ids(common.keys[0]):
        raise ScoringError(
            f"{a.name} and {b.name} share no metric on any example.",
            "Both have the same metrics on the same examples.",
            "Score both with the same `--metrics` and on the same task.",
        )
    rows = _compare_metrics(common, options)
    gains, losses, main = _changes(common)
    return Comparison(
        a=a,
        b=b,
        labels=(*labels, *_side_labels(a, b)),
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
        """The rows that every seed of both has."""
        first = self.a.cells[0]
        return [
            key
            for key, row in first.rows.items()
            if row["id"] in self.metrics and all(key in cell.rows and key in cell.statistics for cell in self.cells)
        ]

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

    @property
    def changed(self) -> int:
        """How many examples have another prediction in b, seed by seed."""
        pairs = list(zip(self.a.cells, self.b.cells, strict=False))
        return sum(any(own.predictions[id_] != other.predictions[id_] for own, other in pairs) for id_ in self.whole)

    def ids(self, key: str) -> list[str]:
        """The common examples of a row."""
        members = set(self.whole).intersection(*(cell.ids(key) for cell in self.cells))
        return [id_ for id_ in self.whole if id_ in members]

    def statistics(self, cell: CellScores, key: str) -> NDArray[np.float64]:
        """``(N, k)`` statistics of the common examples of a row, in their order."""
        places = {id_: place for place, id_ in enumerate(cell.ids(key))}
        return cell.statistics[key][[places[id_] for id_ in self.ids(key)]]

    def pair(self, key: str) -> Pair:
        """A row's statistics on both sides, b first: differences are b less a."""
        metric = self.metrics[self.a.cells[0].rows[key]["id"]]
        own = [self.statistics(cell, key) for cell in self.b.cells]
        return Pair(metric, own, [self.statistics(cell, key) for cell in self.a.cells])

    def change(self, key: str) -> NDArray[np.float64]:
        """``(N,)`` how much better b is on each example alone, seeds averaged."""
        pair = self.pair(key)
        own, other = (np.mean([pair.metric.values(rows) for rows in side], axis=0) for side in (pair.own, pair.other))
        return np.asarray(own - other, dtype=np.float64)


def _check_signatures(common: _Common, *, force: bool) -> tuple[str, ...]:
    """Refuse scores whose signatures differ, or label them."""
    differing: dict[str, list[str]] = {}
    for key in common.keys:
        first, *others = (Signature.parse(str(cell.rows[key]["signature"])) for cell in common.cells)
        for line in dict.fromkeys(line for other in others for line in first.differences(other)):
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
    labels = [f"{side}: {label}" for side, system in sides.items() for cell in system.cells for label in cell.labels]
    return list(dict.fromkeys(labels))


def _compare_metrics(common: _Common, options: CompareOptions) -> tuple[MetricComparison, ...]:
    """Every row; rows of the same examples share their resamples."""
    blocks: dict[tuple[str, ...], list[str]] = {}
    for key in common.keys:
        blocks.setdefault(tuple(common.ids(key)), []).append(key)
    tested: dict[str, tuple[Pair, PairedDifference, float]] = {}
    images = {id_: image for cell in common.cells for id_, image in cell.images.items()}
    for ids, keys in blocks.items():
        if ids:
            tested |= _test_block(common, keys, cluster_codes(ids, images), options)
    both = [_larger(found.p_value, p_value) for _, found, p_value in tested.values()]
    corrected = dict(zip(tested, holm(both), strict=True))
    return tuple(_row(common, key, *tested[key], corrected[key]) for key in tested)


def _test_block(
    common: _Common, keys: Sequence[str], clusters: NDArray[np.int64] | None, options: CompareOptions
) -> dict[str, tuple[Pair, PairedDifference, float]]:
    """Both tests of rows of the same examples."""
    pairs = [common.pair(key) for key in keys]
    found = paired_differences(pairs, resamples=options.resamples, seed=options.seed, clusters=clusters)
    p_values = randomization_tests(pairs, resamples=options.resamples, seed=options.seed, clusters=clusters)
    return {key: (pair, one, p) for key, pair, one, p in zip(keys, pairs, found, p_values, strict=True)}


def _larger(p_bootstrap: float, p_randomization: float) -> float:
    """The larger of both p-values; a test that could not be made does not count."""
    return p_bootstrap if math.isnan(p_randomization) else max(p_bootstrap, p_randomization)


def _row(
    common: _Common, key: str, pair: Pair, found: PairedDifference, p_randomization: float, corrected: float
) -> MetricComparison:
    """What is told about one row."""
    row = common.a.cells[0].rows[key]
    change = common.change(key)
    wins, losses = int(np.count_nonzero(change > _TIE)), int(np.count_nonzero(change < -_TIE))
    return MetricComparison(
        key=key,
        title=str(row["title"]) + (f" ({row['group']})" if row["group"] else ""),
        factor=float(row["factor"]),
        a=float(np.mean([pair.metric.aggregate(rows) for rows in pair.other])),
        b=float(np.mean([pair.metric.aggregate(rows) for rows in pair.own])),
        n=len(change),
        found=found,
        p_randomization=p_randomization,
        corrected=corrected,
        detectable=detectable_difference(found.standard_error),
        needed=needed_examples(len(change), found.standard_error, found.difference),
        wins=wins,
        losses=losses,
        ties=len(change) - wins - losses,
    )


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
