"""Which cell is compared with which, which seeds are, and which examples."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from zsbench.errors import ScoringError
from zsbench.statistics.bootstrap import cluster_codes

if TYPE_CHECKING:
    from zsbench.interfaces import NDArrayFloat
    from zsbench.statistics import Clusters

__all__ = [
    "ExamplePairs",
    "ScoredExamples",
    "choose_baseline",
    "pair_examples",
    "pair_seeds",
]

_EQUAL = ("task", "seed")
_ALIKE = ("corpus", "gap_model")
_PREFERRED = (*_ALIKE, "variant", "run")


@dataclass(frozen=True, eq=False)
class ScoredExamples:
    """What one cell has under one metric, of the whole or of a group.

    Attributes:
        seed: The cell's.
        ids: N examples.
        statistics: ``(N, k)``, a row an example.
        images: The image of each question; an example that is not there stands alone.
    """

    seed: int
    ids: Sequence[str]
    statistics: NDArrayFloat
    images: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class ExamplePairs:
    """The examples that two cells share.

    Attributes:
        ids: N examples, in the order of the first.
        own: ``(N, k)`` statistics of the first.
        other: ``(N, k)`` statistics of the second, row by row for the same examples.
        clusters: ``(N,)`` the image of each example as a number; None where no two share one.
    """

    ids: Sequence[str]
    own: NDArrayFloat
    other: NDArrayFloat
    clusters: Clusters | None


def choose_baseline(cell: Mapping[str, Any], bases: Sequence[Mapping[str, Any]], *, baseline: str | None) -> int | None:
    """The place of the baseline's cell that a cell is compared with; None if there is none.

    It has the same task, seed and route, and the same corpus and gap model where both name one; those that agree in
    corpus, gap model, variant and run come first. The baseline's own answers that are read out of captions are compared
    with its answers from features.

    Args:
        cell: Coordinates as records hold them, and the run where several are compared.
        bases: Coordinates of cells, among them the baseline's.
        baseline: Id of the baseline's captioner; None without one.
    """
    if cell["captioner"] == baseline:
        wanted = {**cell, "route": "features"}
        return next((n for n, base in enumerate(bases) if base == wanted), None) if cell["route"] == "caption" else None
    fitting = [n for n, base in enumerate(bases) if base["captioner"] == baseline and _fits(cell, base)]
    return min(fitting, key=lambda n: [cell.get(key) != bases[n].get(key) for key in _PREFERRED], default=None)


def _fits(cell: Mapping[str, Any], base: Mapping[str, Any]) -> bool:
    """Whether a cell may be compared with a baseline's."""
    equal = all(cell[key] == base[key] for key in (*_EQUAL, "route"))
    return equal and all(cell[key] == base[key] or not cell[key] or not base[key] for key in _ALIKE)


def pair_seeds(own: Sequence[int], other: Sequence[int]) -> list[tuple[int, int]]:
    """Places of the seeds that are compared.

    Equal seeds are paired, and seeds of one side alone are left out. Without an equal seed a single cell is paired with
    every cell of the other side, and several are paired in order.

    Args:
        own: Seeds of one system, in order.
        other: Seeds of the other.
    """
    if common := [(place, other.index(seed)) for place, seed in enumerate(own) if seed in other]:
        return common
    if 1 in {len(own), len(other)}:
        return [(first, second) for first in range(len(own)) for second in range(len(other))]
    return list(zip(range(len(own)), range(len(other)), strict=False))


def pair_examples(own: ScoredExamples, other: ScoredExamples) -> ExamplePairs:
    """The examples that two cells share, by id, with the images that make them clusters.

    Raises:
        ScoringError: They share none.
    """
    places = {id_: place for place, id_ in enumerate(other.ids)}
    rows = [(place, places[id_]) for place, id_ in enumerate(own.ids) if id_ in places]
    if not rows:
        raise ScoringError(
            "Two cells share no example.",
            "A paired comparison needs the same examples.",
            "Run both again with the same data and the same `--limit`.",
        )
    first, second = (np.array(column) for column in zip(*rows, strict=True))
    ids = [own.ids[place] for place in first]
    clusters = cluster_codes(ids, {**other.images, **own.images})
    return ExamplePairs(ids, own.statistics[first], other.statistics[second], clusters)
