"""Records: what a run leaves. ``models`` says what they hold, ``writer`` where they lie."""

from __future__ import annotations

from zsbench.records.cell import CellRecord
from zsbench.records.models import CellIdentity, CellResult, RunRecord, Sample
from zsbench.records.reader import (
    find_run,
    read_baselines,
    read_cell,
    read_cells,
    read_history,
    read_result,
    read_results,
    read_run,
    read_samples,
    read_statistics,
)
from zsbench.records.record import SCHEMA_VERSION
from zsbench.records.writer import RunFolder, write_baselines

__all__ = [
    "SCHEMA_VERSION",
    "CellIdentity",
    "CellRecord",
    "CellResult",
    "RunFolder",
    "RunRecord",
    "Sample",
    "find_run",
    "read_baselines",
    "read_cell",
    "read_cells",
    "read_history",
    "read_result",
    "read_results",
    "read_run",
    "read_samples",
    "read_statistics",
    "write_baselines",
]
