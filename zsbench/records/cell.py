"""One cell's record, wherever it lies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from zsbench.records.models import CellResult, MetricRow, Sample
from zsbench.records.origin import Origin
from zsbench.records.statistics import find_group_members

if TYPE_CHECKING:
    from zsbench.interfaces import NDArrayFloat

__all__ = ["CellRecord"]


@dataclass(frozen=True, kw_only=True, eq=False)
class CellRecord:
    """One cell's record, of a run or a baseline.

    Attributes:
        result: The ``result.json``.
        samples: Those that have a prediction, in order.
        statistics: ``(n, k)`` per-example statistics by ``row_key``; rows as the samples, or the group's of them.
        place: Where the record lies, for messages.
        revision: What the record's code is called; empty if nothing says.
        started: When the run began, ISO 8601, UTC.
        run: Matrix and provenance.
    """

    result: CellResult
    samples: Sequence[Sample]
    statistics: Mapping[str, NDArrayFloat]
    place: Path
    revision: str = ""
    started: str = ""
    run: Origin = field(default_factory=Origin)

    @property
    def name(self) -> str:
        """The cell's name, by which records of several runs belong together."""
        return self.result.name

    @property
    def task(self) -> str:
        """The task's id."""
        return self.result.cell.task

    @property
    def captioner(self) -> str:
        """The captioner's id."""
        return self.result.cell.captioner

    @property
    def matrix(self) -> str:
        """Name of the matrix that the cell was run by; empty if nothing says."""
        return self.run.matrix.name

    @property
    def failed(self) -> bool:
        """Whether the cell failed, so that it has no scores."""
        return self.result.failed

    @cached_property
    def rows(self) -> Mapping[str, MetricRow]:
        """The metric rows of the result, by ``row_key``."""
        return {row.key: row for row in self.result.metrics}

    @cached_property
    def predictions(self) -> Mapping[str, str]:
        """Predictions by id."""
        return {sample.id: str(sample.prediction) for sample in self.samples}

    def member_ids(self, key: str) -> list[str]:
        """The ids behind the rows of one array of statistics."""
        row = self.rows[key]
        ids = list(self.predictions)
        if row.grouping is None:
            return ids
        return [ids[index] for index in find_group_members(self.samples, row.grouping, row.group)]
