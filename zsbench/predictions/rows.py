"""What a form makes of one entry of a file, and how a wrong entry is named."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeAlias

from zsbench.errors import CorruptDataError

__all__ = [
    "MAX_CHARACTERS",
    "Form",
    "Row",
    "RowReader",
    "Shape",
    "captions_under",
    "corrupt",
    "id_under",
    "text_under",
]

MAX_CHARACTERS = 100_000
"""A caption longer than this is refused: it is no caption."""

_SHOWN = 60

Shape: TypeAlias = Literal["array", "object", "lines", "table"]
"""How a file is laid out: a JSON array, a JSON object, JSON Lines, or comma-separated values."""


@dataclass(frozen=True)
class Row:
    """One entry of a file.

    Attributes:
        id: The example, as the file names it.
        prediction: The caption or the answer; None if the file has none.
        references: Reference captions or human answers; None if the file has none.
        fields: What else the entry holds, such as its domain.
        name: Another name of the example, such as its image file; empty without.
        cluster: What it shares with other examples, such as the image of a question; empty without.
    """

    id: str
    prediction: str | None = None
    references: tuple[str, ...] | None = None
    fields: Mapping[str, Any] = field(default_factory=dict)
    name: str = ""
    cluster: str = ""


RowReader: TypeAlias = Callable[[Path], Iterator[Row]]


@dataclass(frozen=True)
class Form:
    """A file format that predictions or references come in.

    Attributes:
        id: Its name, as records hold it.
        summary: What an entry looks like.
        shape: How the file is laid out.
        accepts: Whether a first entry looks like one of this form.
        iter_rows: Reads a file, entry by entry.
        answers: Whether it holds answers to questions instead of captions.
        several_splits: Whether a file may hold several splits, of which one must be named.
    """

    id: str
    summary: str
    shape: Shape
    accepts: Callable[[Mapping[str, Any]], bool]
    iter_rows: RowReader
    answers: bool = False
    several_splits: bool = False


def corrupt(path: Path, found: str, expected: str) -> CorruptDataError:
    """The error of a file that is not of the form it was read as."""
    return CorruptDataError(
        f"{path.name}: {found}.",
        f"Expected {expected}.",
        "Correct the file, or name its form: `--form NAME`.",
        path=path,
    )


def id_under(path: Path, entry: Mapping[str, Any], key: str, where: str) -> str:
    """The id of an entry: a whole number or a text that is not empty.

    Raises:
        CorruptDataError: It is neither.
    """
    value = entry.get(key)
    if isinstance(value, bool) or not isinstance(value, int | str) or value == "":
        raise corrupt(path, f"{where} has the {key} {_shown(value)}", "an id that is a text or a whole number")
    return str(value)


def text_under(path: Path, entry: Mapping[str, Any], key: str, where: str) -> str:
    """The caption or answer of an entry; it may be empty.

    Raises:
        CorruptDataError: It is no text, or much too long.
    """
    return _text(path, entry.get(key), key, where)


def captions_under(path: Path, entry: Mapping[str, Any], key: str, where: str) -> tuple[str, ...]:
    """The texts in a list of an entry.

    Raises:
        CorruptDataError: It is no list of texts.
    """
    value = entry.get(key)
    if not isinstance(value, list):
        raise corrupt(path, f"{where} has the {key} {_shown(value)}", "a list of texts")
    return tuple(_text(path, text, key, where) for text in value)


def _text(path: Path, value: object, key: str, where: str) -> str:
    """A text of a possible length."""
    if not isinstance(value, str):
        raise corrupt(path, f"{where} has the {key} {_shown(value)}", "a text")
    if len(value) > MAX_CHARACTERS:
        found = f"{where} has a {key} of {len(value)} characters"
        raise corrupt(path, found, f"at most {MAX_CHARACTERS} characters")
    return value


def _shown(value: object) -> str:
    """A wrong value, for a message."""
    if value is None:
        return "null or nothing"
    text = repr(value)
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "..."
