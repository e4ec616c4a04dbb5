"""Comma-separated values with a head."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from zsbench.predictions.rows import Form, Row, id_under, text_under
from zsbench.predictions.streams import iter_table

__all__ = ["CSV"]


def iter_rows(path: Path) -> Iterator[Row]:
    """The rows of a table with the columns ``id`` and ``prediction``."""
    for line, cells in iter_table(path):
        where = f"line {line}"
        yield Row(id_under(path, cells, "id", where), text_under(path, cells, "prediction", where), fields=cells)


CSV = Form(
    id="csv",
    summary="a table with the columns id and prediction",
    shape="table",
    accepts=lambda entry: "id" in entry and "prediction" in entry,
    iter_rows=iter_rows,
)
