"""Rows of text, CSV, TSV, JSONL and JSON files, one after the other.

Bytes that are not UTF-8 come through as lone surrogates (PEP 383), so that a reader can go on and name every bad row.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from zsbench_tasks.reading import FileForm, iter_lines

__all__ = ["Row", "iter_csv", "iter_json", "iter_jsonl", "iter_rows", "iter_text"]

Row = tuple[int, Mapping[str, Any] | str]
"""The number of a line (of an entry, in JSON), and its text or its values by key."""

TABLES = {".csv": ",", ".tsv": "\t"}


def iter_rows(path: Path, form: FileForm) -> Iterator[Row]:
    """The rows of a file, by its suffix: .csv, .tsv, .jsonl, .json, and lines of text for any other.

    Raises:
        CorruptDataError: It cannot be read, or is not what its suffix says.
    """
    suffix = path.suffix.lower()
    if suffix in TABLES:
        return iter_csv(path, form, TABLES[suffix])
    readers: dict[str, Callable[[Path, FileForm], Iterator[Row]]] = {".jsonl": iter_jsonl, ".json": iter_json}
    return readers.get(suffix, iter_text)(path, form)


def iter_text(path: Path, form: FileForm) -> Iterator[tuple[int, str]]:
    """Every line."""
    for number, line in iter_lines(path, form):
        yield number, line.decode("utf-8", "surrogateescape")


def iter_csv(path: Path, form: FileForm, delimiter: str = ",") -> Iterator[Row]:
    """Every row that is not blank, by the names in the first one; a value in quotes may hold line breaks."""
    lines = (line.decode("utf-8", "surrogateescape") + "\n" for _, line in iter_lines(path, form))
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    try:
        header = next(reader, None)
        if not header:
            raise form.error(path, "line 1 names no columns")
        for row in reader:
            if len(row) > len(header):
                raise form.error(path, f"line {reader.line_num} has {len(row)} values for {len(header)} columns")
            if row:
                yield reader.line_num, dict(zip(header, row, strict=False))
    except csv.Error as error:
        raise form.error(path, f"line {reader.line_num}: {error}") from None


def iter_jsonl(path: Path, form: FileForm) -> Iterator[Row]:
    """Every line that is not blank: an object or a string."""
    for number, line in iter_lines(path, form):
        if line.strip():
            yield number, _parse(line, f"line {number}", path, form)


def iter_json(path: Path, form: FileForm) -> Iterator[Row]:
    """Every entry of a list of objects or strings."""
    for number, raw in enumerate(form.read(path, list[msgspec.Raw]), start=1):
        yield number, _parse(bytes(raw), f"entry {number}", path, form)


def _parse(content: bytes, where: str, path: Path, form: FileForm) -> Mapping[str, Any] | str:
    """An object or a string."""
    try:
        value = msgspec.json.decode(content.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise form.error(path, f"{where}, byte {error.start}, is not UTF-8") from None
    except (msgspec.DecodeError, RecursionError) as error:
        raise form.error(path, f"{where} is not JSON, {error}") from None
    if not isinstance(value, dict | str):
        raise form.error(path, f"{where} is neither an object nor a string")
    return value
