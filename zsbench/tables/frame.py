"""Result records to one long pandas frame: a row for each cell, seed and metric."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import pandas as pd

from zsbench.errors import CorruptDataError

__all__ = ["COLUMNS", "build_frame"]

COLUMNS = (
    "task",
    "task_title",
    "main_metric",
    "n",
    "captioner",
    "gap_model",
    "corpus",
    "seed",
    "metric",
    "title",
    "factor",
    "score",
    "standard_error",
    "not_run",
    "signature",
    "baseline",
    "difference",
    "low",
    "high",
    "p_value",
)
"""The columns of the frame, in order. Scores and differences are on the metric's own scale."""

_TEXT = ("gap_model", "corpus", "not_run", "signature", "baseline")
_NUMBERS = ("factor", "score", "standard_error", "difference", "low", "high", "p_value")
_DIFFERENCE = ("baseline", "difference", "low", "high", "p_value")


def build_frame(records: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
    """One row for each cell and metric, in the order of the records; what a record lacks is NaN or empty.

    Args:
        records: Parsed ``result.json`` files, with ``cell``, ``task_title``, ``main_metric``, ``n``, ``metrics`` and
            optionally ``differences``.

    Returns:
        A frame with ``COLUMNS``.

    Raises:
        CorruptDataError: A record lacks a field.
    """
    frame = pd.DataFrame([row for record in records for row in _rows(record)], columns=list(COLUMNS))
    for column in _TEXT:
        frame[column] = frame[column].astype(object).where(frame[column].notna(), "").astype(str)
    for column in _NUMBERS:
        frame[column] = pd.to_numeric(frame[column]).astype("float64")
    return frame


def _rows(record: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The rows of one record."""
    differences = {entry["metric"]: entry for entry in record.get("differences") or ()}
    try:
        shared = {**record["cell"], **{key: record[key] for key in ("task_title", "main_metric", "n")}}
        for entry in record["metrics"]:
            row = {**shared, **entry, "metric": entry["id"]}
            row.update({key: differences.get(entry["id"], {}).get(key) for key in _DIFFERENCE})
            yield {key: row.get(key) for key in COLUMNS}
    except KeyError as error:
        raise CorruptDataError(
            f"A result record has no {error.args[0]!r}.",
            "Expected cell, task_title, main_metric, n and metrics with an id each.",
            "Run `zsbench run` again to write the record anew.",
        ) from error
