"""Whether the files of a record fit together: rows of statistics, and the scores that they give."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from zsbench.errors import CorruptDataError, ZsbenchError

if TYPE_CHECKING:
    from zsbench.interfaces import Metric
    from zsbench.records.cell import CellRecord
    from zsbench.records.reader import MetricMaker

__all__ = ["check_rows", "check_scores"]

TOLERANCE = 1e-9
"""A score is its statistics' to this part of it."""


def check_rows(record: CellRecord) -> None:
    """Refuse a record whose statistics are not one row an example, or that lacks those of a score.

    Raises:
        CorruptDataError: Samples and statistics do not fit together: one of the files was cut or edited.
    """
    scored = {key for key, row in record.rows.items() if row.score is not None}
    if lost := sorted(scored ^ set(record.statistics) - {key for key in record.rows if key not in scored}):
        raise _unfit(
            record, f"has a score or statistics of {lost[0]} without the other", "A score comes from statistics."
        )
    for key, array in record.statistics.items():
        expected = len(record.member_ids(key))
        if array.ndim != 2 or len(array) != expected:  # noqa: PLR2004  rows and columns
            found = f"has {len(array)} rows of statistics of {key} for {expected} samples"
            raise _unfit(record, found, "A record has one row for each sample.")


def check_scores(record: CellRecord, make_metric: MetricMaker) -> None:
    """Refuse a record with a score that its statistics do not give, where the metric is installed.

    Raises:
        CorruptDataError: A score was edited, or is of another version of the metric.
    """
    made: dict[str, Metric | None] = {}
    for key, row in record.rows.items():
        if row.score is None:
            continue
        if row.id not in made:
            made[row.id] = _make(row.id, make_metric)
        metric = made[row.id]
        if metric is None:
            continue
        found = _aggregate(record, key, metric)
        same = math.isclose(found, row.score, rel_tol=TOLERANCE, abs_tol=1e-12)
        if not same and not (math.isnan(found) and math.isnan(row.score)):
            told = f"tells {row.title} {row.score * row.factor:.6g}, and its statistics give {found * row.factor:.6g}"
            raise _unfit(record, told, "A score is the aggregate of its statistics.")


def _make(id_: str, make_metric: MetricMaker) -> Metric | None:
    """The metric behind an id; None where it is not installed."""
    try:
        return make_metric(id_)
    except ZsbenchError:
        return None


def _aggregate(record: CellRecord, key: str, metric: Metric) -> float:
    """The score of statistics; whatever a metric makes of arrays of another shape is an error of the record."""
    try:
        return float(metric.aggregate(record.statistics[key]))
    except Exception as error:  # noqa: BLE001  a metric may raise anything
        raise _unfit(
            record, f"has statistics that {key} does not take ({error})", "Statistics are the metric's."
        ) from None


def _unfit(record: CellRecord, found: str, expected: str) -> CorruptDataError:
    """The error of a record whose parts do not fit together."""
    return CorruptDataError(
        f"{record.place} {found}.",
        expected,
        "Restore the record (`git checkout -- FILE` for a committed one), or run again to write a new one.",
        path=record.place,
    )
