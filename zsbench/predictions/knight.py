"""Knight's pair of files: captions by id, and references by id.

Source: the outputs that Knight (IJCAI 2023) ships.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from zsbench.predictions.rows import Form, Row, captions_under, corrupt, text_under
from zsbench.predictions.streams import iter_pairs

__all__ = ["KNIGHT", "SIMPLE"]


def iter_predictions(path: Path) -> Iterator[Row]:
    """The rows of ``{"0": ["a dog"], ...}``; a bare text is taken as a list of one."""
    for id_, value in iter_pairs(path):
        where = f"entry {id_!r}"
        texts = captions_under(path, {id_: [value] if isinstance(value, str) else value}, id_, where)
        if len(texts) != 1:
            raise corrupt(
                path, f"{where} holds {len(texts)} captions", "one caption an id, for this is no reference file"
            )
        yield Row(id_, texts[0])


def iter_references(path: Path) -> Iterator[Row]:
    """The rows of ``{"0": ["a dog", "one dog"], ...}``; a bare text is taken as a list of one."""
    for id_, value in iter_pairs(path):
        where = f"entry {id_!r}"
        if isinstance(value, str):
            yield Row(id_, references=(text_under(path, {id_: value}, id_, where),))
        else:
            yield Row(id_, references=captions_under(path, {id_: value}, id_, where))


KNIGHT = Form(
    id="knight",
    summary='{"0": ["a dog"], ...}',
    shape="object",
    accepts=lambda entry: all(isinstance(value, str | list) for value in entry.values()),
    iter_rows=iter_predictions,
)

SIMPLE = Form(
    id="simple",
    summary='{"0": ["a dog", "one dog"], ...}',
    shape="object",
    accepts=KNIGHT.accepts,
    iter_rows=iter_references,
)
