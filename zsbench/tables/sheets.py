"""The frame as CSV: a line a score for programs, or a line a system for spreadsheets."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import pandas as pd

from zsbench.metrics.rows import row_key
from zsbench.reported import ReportedRow
from zsbench.tables.frame import COLUMNS, TEXT
from zsbench.tables.published import tell_source
from zsbench.tables.selection import LABELS, TableChoice, select_rows
from zsbench.tables.summary import summarise

__all__ = ["render_csv", "render_wide_csv"]

_DECIMALS = 6


def render_csv(frame: pd.DataFrame, choice: TableChoice, reported: Iterable[ReportedRow] = ()) -> str:
    """A line for each cell, metric and group of what is chosen, with the columns of the frame.

    Scores are on the metric's own scale; a last column ``printed`` has what tables print. Every grouping that was
    scored is in it, also those that no table shows. Published rows have ``reported`` as their source.
    """
    rows = select_rows(frame, choice, every_group=True)[list(frame)]
    published = [row for entry in reported for row in _iter_reported(entry)]
    if published:
        rows = pd.DataFrame([*rows.to_dict("records"), *published], columns=list(COLUMNS))
        rows = rows.fillna(dict.fromkeys(TEXT, ""))
    counts = dict.fromkeys(("seed", "n", "examples", "unreadable", "vocabulary"), "Int64")
    printed = (rows["score"] * rows["factor"]).round(_DECIMALS)
    return str(rows.astype(counts).assign(printed=printed).to_csv(index=False))


def render_wide_csv(frame: pd.DataFrame, choice: TableChoice) -> str:
    """A line for each system and task, with a printed score and its error for each metric and group, over seeds."""
    rows = select_rows(frame, choice)
    labels = [label for label in LABELS if label != "seed"]
    lines: dict[tuple[str, ...], dict[str, Any]] = {}
    for summary in summarise(rows, labels):
        names = {**summary.system, "task": summary.task}
        line = lines.setdefault(tuple(names.values()), {**names, "seeds": " ".join(map(str, summary.seeds))})
        key = row_key(summary.metric, summary.grouping or None, summary.group or None)
        pooled = summary.pooled
        scores = {key: pooled.score, f"{key} error": pooled.error}
        if len(summary.seeds) > 1:
            scores |= {f"{key} error over examples": pooled.error_examples}
            scores |= {f"{key} error over seeds": pooled.error_seeds}
        line |= {name: round(value * summary.factor, _DECIMALS) for name, value in scores.items()}
    return str(pd.DataFrame(_in_order(list(lines.values()))).to_csv(index=False))


def _in_order(lines: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Lines with all columns of all lines, in order of appearance."""
    columns = dict.fromkeys(column for line in lines for column in line)
    return [{column: line.get(column) for column in columns} for line in lines]


def _iter_reported(entry: ReportedRow) -> Iterator[dict[str, Any]]:
    """A published row as rows of the frame, with printed scores as they are."""
    shared = {
        "captioner": entry.method,
        "corpus": entry.corpus,
        "task": entry.task,
        "encoder": entry.backbone,
        "language_model": entry.language_model,
        "source": "reported",
        "status": "done",
        "reason": tell_source(entry),
        "factor": 1.0,
        "grouping": entry.grouping,
        "group": entry.group,
    }
    yield from ({**shared, "metric": metric, "score": score} for metric, score in entry.scores.items())
