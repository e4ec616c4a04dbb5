"""Files read entry by entry, so that none is ever whole in memory."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from zsbench.errors import CorruptDataError, MissingDataError
from zsbench.predictions.rows import corrupt

__all__ = ["MAX_LINE", "iter_array", "iter_json_lines", "iter_pairs", "iter_table", "open_file"]

MAX_LINE = 4_000_000
"""Bytes of a line of JSON Lines, and characters of a field of a table, beyond which a file is refused."""

MAX_DEPTH = 100
"""Brackets inside brackets beyond which a JSON file is refused: a deep enough one would end the process."""

_BOM = b"\xef\xbb\xbf"
_STRING = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)


@contextmanager
def open_file(path: Path) -> Iterator[IO[bytes]]:
    """A file opened after its byte order mark.

    Raises:
        MissingDataError: It is not there, or cannot be read.
    """
    try:
        file = path.open("rb")
    except OSError as error:
        raise MissingDataError(
            f"{path} cannot be read ({error.strerror or error}).",
            "Expected a file of predictions or references.",
            "Check the path.",
            path=path,
        ) from None
    with file:
        if file.read(len(_BOM)) != _BOM:
            file.seek(0)
        yield file


def iter_array(path: Path, prefix: str = "") -> Iterator[tuple[int, Mapping[str, Any]]]:
    """Number and content of each object in the JSON array at the top, or under the key ``prefix``.

    Raises:
        CorruptDataError: The file is no JSON, or an entry is no object.
    """
    import ijson

    place = f"{prefix}.item" if prefix else "item"
    with open_file(path) as file, _json_errors(path):
        for number, entry in enumerate(ijson.items(_GuardedFile(path, file), place, use_float=True)):
            if not isinstance(entry, dict):
                raise corrupt(path, f"entry {number} is no object", "a JSON array of objects")
            yield number, entry


def iter_pairs(path: Path) -> Iterator[tuple[str, Any]]:
    """Key and value of each entry of the JSON object at the top; a key that stands twice comes twice.

    Raises:
        CorruptDataError: The file is no JSON.
    """
    import ijson

    with open_file(path) as file, _json_errors(path):
        yield from ijson.kvitems(_GuardedFile(path, file), "", use_float=True)


def iter_json_lines(path: Path) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """Line number, from 1, and object of each line that is not blank.

    Raises:
        CorruptDataError: A line is no JSON object, or too long.
    """
    with open_file(path) as file:
        number = 0
        while line := file.readline(MAX_LINE + 1):
            number += 1
            if len(line) > MAX_LINE:
                raise corrupt(path, f"line {number} has more than {MAX_LINE} bytes", "one JSON object a line")
            if line.strip():
                yield number, _parse_line(path, number, line)


def iter_table(path: Path) -> Iterator[tuple[int, Mapping[str, str | None]]]:
    """Line number and cells by column of each row of a table of comma-separated values with a head.

    Raises:
        CorruptDataError: The table is not UTF-8 text, or a row has more cells than the head.
    """
    before = csv.field_size_limit(MAX_LINE)
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.DictReader(file, restkey=None, restval=None, strict=True)
            for row in rows:
                if None in row:
                    raise corrupt(path, f"line {rows.line_num} has more cells than the head", "one cell a column")
                yield rows.line_num, row
    except (csv.Error, UnicodeDecodeError) as error:
        raise corrupt(path, f"it is no table of text ({error})", "comma-separated values in UTF-8") from None
    finally:
        csv.field_size_limit(before)


class _GuardedFile:
    """A JSON file that is refused while it is read, if a text in it is too long or its brackets go too deep."""

    def __init__(self, path: Path, file: IO[bytes]) -> None:
        self._path = path
        self._file = file
        self._depth = 0
        self._open_text = b""

    def read(self, size: int) -> bytes:
        """The next bytes.

        Raises:
            CorruptDataError: They do not belong to a file of captions.
        """
        data = self._file.read(size)
        plain = _STRING.sub(b"", self._open_text + data)
        start = plain.find(b'"')
        self._open_text = b"" if start < 0 else plain[start:]
        if len(self._open_text) > MAX_LINE:
            raise corrupt(self._path, f"it holds a text of more than {MAX_LINE} bytes", "captions")
        self._deepen(plain if start < 0 else plain[:start])
        return data

    def _deepen(self, plain: bytes) -> None:
        """Follow the brackets outside of texts."""
        for sign in plain.translate(None, _NO_BRACKETS):
            self._depth += 1 if sign in b"[{" else -1
            if self._depth > MAX_DEPTH:
                raise corrupt(self._path, f"its brackets go more than {MAX_DEPTH} deep", "a flat list of entries")


_NO_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))


def _parse_line(path: Path, number: int, line: bytes) -> Mapping[str, Any]:
    """The object on one line."""
    try:
        entry = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise corrupt(path, f"line {number} is no JSON ({error})", "one JSON object a line") from None
    if not isinstance(entry, dict):
        raise corrupt(path, f"line {number} is no object", "one JSON object a line")
    return entry


@contextmanager
def _json_errors(path: Path) -> Iterator[None]:
    """Turn what the JSON reader raises into an error of the tree."""
    import ijson

    try:
        yield
    except CorruptDataError:
        raise
    except (ijson.JSONError, ValueError, RecursionError) as error:
        reason = " ".join(str(error).split())[:200]
        raise corrupt(path, f"it is no whole JSON document ({reason})", "JSON in UTF-8") from None
