"""Which form a file has, told from its first entry."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from zsbench.errors import ConfigError, CorruptDataError, closest
from zsbench.predictions import coco, csv_table, json_lines, karpathy, knight, viecap, vqa
from zsbench.predictions.rows import Form, Shape
from zsbench.predictions.streams import iter_array, iter_pairs, open_file

__all__ = ["PREDICTION_FORMS", "REFERENCE_FORMS", "detect_form", "find_form"]

PREDICTION_FORMS = (
    coco.RESULTS,
    json_lines.JSON_LINES,
    csv_table.CSV,
    karpathy.KARPATHY,
    viecap.VIECAP,
    vqa.RESULTS,
    knight.KNIGHT,
)
"""In the order in which they are tried."""

REFERENCE_FORMS = (
    coco.CAPTIONS,
    vqa.ANNOTATIONS,
    karpathy.SPLIT_FILE,
    karpathy.KARPATHY,
    viecap.VIECAP,
    knight.SIMPLE,
)

_HEAD = 1_000_000
_LISTS = ("annotations", "images")
"""Where the entries of an object are, if it is more than ids and captions."""


def find_form(path: Path, name: str, forms: Sequence[Form]) -> Form:
    """The form that is named, or that the file has.

    Args:
        path: The file.
        name: A form's id; empty to detect it.
        forms: The forms to choose from.

    Raises:
        ConfigError: No form has this name.
        CorruptDataError: The file has none of the forms.
        MissingDataError: There is no such file.
    """
    if not name:
        return detect_form(path, forms)
    named = {form.id: form for form in forms}
    if name not in named:
        near = closest(name, named)
        raise ConfigError(
            f"There is no form {name!r}.",
            f"The forms are: {', '.join(named)}.",
            f"Did you mean {near!r}?" if near else "Leave it out to have the form detected.",
            key="form",
        )
    return named[name]


def detect_form(path: Path, forms: Sequence[Form]) -> Form:
    """The form that the first entry of a file has.

    Raises:
        CorruptDataError: It has none of them.
        MissingDataError: There is no such file.
    """
    seen: list[str] = []
    for shape, entry in _iter_first_entries(path):
        for form in forms:
            if form.shape == shape and form.accepts(entry):
                return form
        seen.append(f"{_SHAPES[shape]} with {', '.join(sorted(entry)[:8]) or 'nothing in it'}")
    raise CorruptDataError(
        f"{path.name} has no form that is known: it looks like {'; or '.join(seen) or 'nothing'}.",
        f"Expected one of: {'; '.join(f'{form.id} ({form.summary})' for form in forms)}.",
        "Write it in one of these forms; a form that is detected wrongly is overridden with `--form NAME`.",
        path=path,
    )


_SHAPES: dict[Shape, str] = {
    "array": "a JSON array of objects",
    "object": "a JSON object",
    "lines": "lines of JSON objects",
    "table": "a table",
}


def _iter_first_entries(path: Path) -> Iterator[tuple[Shape, Mapping[str, Any]]]:
    """What may be the first entry of a file, by the shape that it would have."""
    with open_file(path) as file:
        head = file.read(_HEAD)
    start = head.lstrip()[:1]
    if start == b"[":
        yield from (("array", entry) for _, entry in islice(iter_array(path), 1))
    elif start == b"{":
        yield from _iter_objects(path, head)
    elif start:
        yield "table", dict.fromkeys(_columns(head))


def _iter_objects(path: Path, head: bytes) -> Iterator[tuple[Shape, Mapping[str, Any]]]:
    """The object on the first line, or the first entries of one object."""
    first, _, rest = head.lstrip().partition(b"\n")
    line = _parse(first)
    if line is not None and (rest.strip() or json_lines.JSON_LINES.accepts(line)):
        yield "lines", line
        return
    for prefix in _LISTS:
        yield from (("object", entry) for _, entry in islice(iter_array(path, prefix), 1))
    yield from (("object", {key: value}) for key, value in islice(iter_pairs(path), 1))


def _parse(line: bytes) -> Mapping[str, Any] | None:
    """The object on a line; None if it holds none."""
    try:
        entry = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return entry if isinstance(entry, dict) else None


def _columns(head: bytes) -> list[str]:
    """The head of a table."""
    line = head.decode("utf-8", "replace").partition("\n")[0]
    return next(csv.reader([line.strip()]), [])
