"""Result records to one long pandas frame: a row for each cell, metric and group; a failed cell has one row."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from zsbench.errors import CorruptDataError
from zsbench.judgement.failures import tell_failed_comparison
from zsbench.records import read_results

__all__ = ["COLUMNS", "TEXT", "build_frame", "load_frame", "name_runs"]

_CELL = ("captioner", "variant", "gap_model", "corpus", "route", "task", "seed")
_TASK = ("task_title", "task_kind", "main_metric", "groupings", "headline_grouping")
_SOURCE = ("run", "cell", "status", "source", "encoder", "language_model", "data_used")
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


def load_frame(runs: Sequence[Path]) -> pd.DataFrame:
    """The frame of every cell of some run folders.

    Args:
        runs: Folders that ``zsbench run`` wrote.

    Raises:
        MissingDataError: One is no run folder.
        CorruptDataError: A record cannot be read.
    """
    frames = [build_frame(read_results(path), run=name) for name, path in name_runs(runs).items()]
    return pd.concat(frames, ignore_index=True) if len(frames) > 1 else frames[0]


def name_runs(runs: Sequence[Path]) -> dict[str, Path]:
    """Run folders by name: that of the folder, or the whole path where two have one name; each folder once."""
    folders = list(dict.fromkeys(path.resolve() for path in runs))
    names = [folder.name for folder in folders]
    return {folder.name if names.count(folder.name) == 1 else folder.as_posix(): folder for folder in folders}


def build_frame(records: Iterable[Mapping[str, Any]], *, run: str = "") -> pd.DataFrame:
    """One row for each cell, metric and group, in the order of the records; what a record lacks is NaN or empty.

    Args:
        records: Parsed ``result.json`` files.
        run: Name of the run they belong to.

    Returns:
        A frame with ``COLUMNS``.

    Raises:
        CorruptDataError: A record lacks a field.
    """
    rows = [{**row, "run": run} for record in records for row in _rows(record)]
    frame = pd.DataFrame(rows, columns=list(COLUMNS))
    for column in TEXT:
        frame[column] = frame[column].astype(object).where(frame[column].notna(), "").astype(str)
    for column in _NUMBERS:
        frame[column] = pd.to_numeric(frame[column]).astype("float64")
    return frame


def _rows(record: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The rows of one record."""
    try:
        differences = {_place(entry): entry for entry in record.get("differences") or ()}
        shared = _shared(record)
        if record.get("status") == "failed":
            yield {**shared, "reason": record["reason"]}
            return
        for entry in record["metrics"]:
            found = differences.get((entry["id"], *_place(entry)[1:]), {})
            paired = {column: found.get(key) for column, key in _DIFFERENCE.items()}
            yield {**shared, **_score(entry, record["n"]), **paired}
    except KeyError as error:
        raise CorruptDataError(
            f"A result record has no {error.args[0]!r}.",
            "Expected cell, task_title, main_metric, n and metrics with an id each.",
            "Run `zsbench run` again to write the record anew.",
        ) from error


def _shared(record: Mapping[str, Any]) -> dict[str, Any]:
    """What all rows of a record say."""
    return {
        **{key: record["cell"].get(key) for key in _CELL},
        **{key: record.get(key) for key in (*_TASK, *_SOURCE)},
        **(record.get("descriptives") or {}),
        "task_title": record["task_title"],
        "main_metric": record["main_metric"],
        "groupings": ",".join(record.get("groupings") or ()),
        "data_used": "; ".join(record.get("data_used") or ()),
        "cell": record.get("name"),
        "examples": record["n"],
        "unreadable": len(record.get("unreadable") or ()),
        "split_remark": record.get("split_remark"),
        "comparison_failed": tell_failed_comparison(record),
    }


def _score(entry: Mapping[str, Any], examples: int) -> dict[str, Any]:
    """What one metric's entry says."""
    return {
        **{key: entry.get(key) for key in (*_METRIC, "signature")},
        "metric": entry["id"],
        "n": entry.get("n", examples),
        "reason": entry.get("not_run"),
    }


def _place(entry: Mapping[str, Any]) -> tuple[Any, Any, Any]:
    """Metric, grouping and group of an entry."""
    return entry.get("metric"), entry.get("grouping"), entry.get("group")
