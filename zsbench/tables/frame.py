"""Result records to one long pandas frame: a row for each cell, metric and group; a failed cell has one row."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from zsbench.errors import CorruptDataError
from zsbench.judgement.failures import tell_failed_comparison
from zsbench.records import CellResult, read_cells
from zsbench.records.models import MetricRow
from zsbench.records.reader import MetricMaker

__all__ = ["COLUMNS", "TEXT", "build_frame", "load_frame", "name_runs"]

_CELL = ("captioner", "variant", "gap_model", "corpus", "route", "task", "seed")
_TASK = ("task_title", "task_kind", "main_metric", "groupings", "headline_grouping")
_SOURCE = ("run", "cell", "status", "source", "encoder", "language_model", "supervision", "data_used")
_METRIC = ("metric", "title", "factor", "grouping", "group", "n", "score", "standard_error", "low", "high")
_STATE = ("examples", "unreadable", "split_remark", "reason", "signature", "comparison_failed")
_DIFFERENCE = {
    "baseline": "baseline",
    "difference": "difference",
    "difference_error": "standard_error",
    "difference_low": "low",
    "difference_high": "high",
    "p_value": "p_value",
}
_DESCRIPTIVES = ("mean_length", "vocabulary", "distinct_1", "distinct_2", "repeated_share")

COLUMNS = (*_CELL, *_TASK, *_SOURCE, *_METRIC, *_STATE, *_DIFFERENCE, *_DESCRIPTIVES)
"""The columns of the frame, in order. Scores and differences are on the metric's own scale.

``examples`` is how many were to be scored, ``n`` how many were. ``reason`` says why a metric was not run or a cell
failed, ``comparison_failed`` why a cell could not be compared with the baseline's. ``split_remark`` says how the data
differ from the official split. ``grouping`` and ``group`` are empty for the whole split; ``metric`` is empty for a
failed cell.
"""

_NUMBERS = (
    *("factor", "n", "score", "standard_error", "low", "high", "examples", "unreadable"),
    *(column for column in _DIFFERENCE if column != "baseline"),
    *_DESCRIPTIVES,
)
TEXT = tuple(column for column in COLUMNS if column not in {*_NUMBERS, "seed"})
"""The columns that hold text, empty where a record says nothing."""


def load_frame(
    runs: Sequence[Path], make_metric: MetricMaker | None = None, damaged: list[str] | None = None
) -> pd.DataFrame:
    """The frame of every cell of some run folders.

    Args:
        runs: Folders that ``zsbench run`` wrote.
        make_metric: Makes a metric from its id, to see that scores are those of the statistics; None to trust them.
        damaged: Takes one line for each cell that cannot be read, which is then left out; None to raise.

    Raises:
        MissingDataError: One is no run folder.
        CorruptDataError: A record cannot be read; or nothing is left.
    """
    frames = []
    for name, path in name_runs(runs).items():
        cells = read_cells(path, make_metric, damaged)
        frames.append(build_frame([cell.result for cell in cells], run=name))
    frame = pd.concat(frames, ignore_index=True) if len(frames) > 1 else frames[0]
    if frame.empty:
        raise CorruptDataError(
            " ".join(["No scored or failed cell is there.", *(damaged or ())[:1]]),
            "A table needs one.",
            "Run again to write a new record.",
            path=runs[0],
        )
    return frame


def name_runs(runs: Sequence[Path]) -> dict[str, Path]:
    """Run folders by name: that of the folder, or the whole path where two have one name; each folder once."""
    folders = list(dict.fromkeys(path.resolve() for path in runs))
    names = [folder.name for folder in folders]
    return {folder.name if names.count(folder.name) == 1 else folder.as_posix(): folder for folder in folders}


def build_frame(records: Iterable[CellResult], *, run: str = "") -> pd.DataFrame:
    """One row for each cell, metric and group, in the order of the records; what a record lacks is NaN or empty.

    Args:
        records: Results of cells.
        run: Name of the run they belong to.

    Returns:
        A frame with ``COLUMNS``.
    """
    rows = [{**row, "run": run} for record in records for row in _rows(record)]
    frame = pd.DataFrame(rows, columns=list(COLUMNS))
    for column in TEXT:
        frame[column] = frame[column].astype(object).where(frame[column].notna(), "").astype(str)
    for column in _NUMBERS:
        frame[column] = pd.to_numeric(frame[column]).astype("float64")
    return frame


def _rows(record: CellResult) -> Iterator[dict[str, Any]]:
    """The rows of one record."""
    shared = _shared(record)
    if record.failed:
        yield {**shared, "reason": record.reason}
        return
    differences = {(entry.metric, entry.grouping, entry.group): entry for entry in record.differences}
    for entry in record.metrics:
        found = differences.get((entry.id, entry.grouping, entry.group))
        paired = {column: getattr(found, key) for column, key in _DIFFERENCE.items()} if found else {}
        yield {**shared, **_score(entry), **paired}


def _shared(record: CellResult) -> dict[str, Any]:
    """What all rows of a record say."""
    return {
        **{key: getattr(record.cell, key) for key in _CELL},
        **{key: getattr(record, key, None) for key in (*_TASK, *_SOURCE)},
        **(record.descriptives.model_dump() if record.descriptives else {}),
        "groupings": ",".join(record.groupings),
        "data_used": "; ".join(record.data_used),
        "cell": record.name,
        "examples": record.n,
        "unreadable": len(record.unreadable),
        "split_remark": record.split_remark,
        "comparison_failed": tell_failed_comparison(record),
    }


def _score(entry: MetricRow) -> dict[str, Any]:
    """What one metric's entry says."""
    columns = {key: getattr(entry, key, None) for key in (*_METRIC, "signature")}
    return {**columns, "metric": entry.id, "reason": entry.not_run}
