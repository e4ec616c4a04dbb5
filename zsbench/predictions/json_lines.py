"""JSON Lines: one object a line, as ``samples.jsonl`` of a run is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from zsbench.predictions.rows import Form, Row, id_under, text_under
from zsbench.predictions.streams import iter_json_lines

__all__ = ["JSON_LINES"]


def iter_rows(path: Path) -> Iterator[Row]:
    """The rows of ``{"id": "42", "prediction": "a dog"}``; a line with an ``error`` instead has no prediction."""
    for number, entry in iter_json_lines(path):
        where = f"line {number}"
        id_ = id_under(path, entry, "id", where)
        lost = "error" in entry and "prediction" not in entry
        yield Row(id_, None if lost else text_under(path, entry, "prediction", where), fields=entry)


JSON_LINES = Form(
    id="json-lines",
    summary='one {"id": "42", "prediction": "a dog"} a line',
    shape="lines",
    accepts=lambda entry: "id" in entry and ("prediction" in entry or "error" in entry),
    iter_rows=iter_rows,
)
