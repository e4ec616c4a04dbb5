"""Corpora of web text, and any file of texts: CC3M, SS1M, text, CSV, JSONL and JSON.

Every text becomes one line. A row that is empty or not UTF-8 is an error that gives the numbers of the lines, unless
the settings say to leave such rows out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
from pydantic import Field

from zsbench.errors import MissingDataError
from zsbench.interfaces import Frozen, RequiredFile, TextCorpus
from zsbench_tasks.corpora import CardedCorpus
from zsbench_tasks.reading import FileForm, is_unicode
from zsbench_tasks.rows import iter_rows, iter_text

__all__ = ["Ss1mConfig", "TextFileConfig", "WebTextConfig", "cc3m", "ss1m", "text_file"]

CC3M_NAMES = ("Train_GCC-training.tsv", "Train-GCC-training.tsv")
SS1M_LIST = "memory_captions.json"
SHOWN_LINES = 5

CC3M = FileForm(
    "file of CC3M",
    "Every line is a caption, a tab and an address.",
    "Correct these lines, or leave them out: `--set corpus_settings.cc3m.skip_bad_rows=true`.",
)
SS1M = FileForm(
    "file of SS1M",
    "It is a JSON list of captions, or the crawl: lists of {description} by page.",
    "Correct it, or leave bad rows out: `--set corpus_settings.ss1m.skip_bad_rows=true`.",
)
TEXT_FILE = FileForm(
    "file of texts",
    "Every row holds one text that is not empty, in UTF-8.",
    "Correct these rows, name the column with `key`, or leave the rows out: "
    "`--set corpus_settings.text-file.skip_bad_rows=true`.",
)
KEYS = ("text", "caption", "captions", "sentence", "description")


class WebTextConfig(Frozen):
    """How bad rows are met."""

    skip_bad_rows: bool = Field(default=False, description="leave out rows that are empty or not UTF-8")


class Ss1mConfig(WebTextConfig):
    """How bad rows are met, and how long a caption may be."""

    max_words: int | None = Field(default=None, ge=1, description="leave out captions of more words")


class TextFileConfig(WebTextConfig):
    """Which file, and where the text stands in a row."""

    path: str = Field(description="the file: a path, from the data root unless it is absolute")
    key: str = Field(default="", description="column or key of the text; none: one of the usual names")


def cc3m(data_root: Path, config: WebTextConfig) -> TextCorpus:
    """The corpus ``cc3m``: the captions of ``Train_GCC-training.tsv``; reads nothing yet."""
    places = tuple(folder / name for folder in (data_root, data_root / "cc3m") for name in CC3M_NAMES)
    return CardedCorpus("cc3m", [RequiredFile(CC3M_NAMES[0], places)], partial(_read_cc3m, places, config))


def ss1m(data_root: Path, config: Ss1mConfig) -> TextCorpus:
    """The corpus ``ss1m``: captions crawled from Shutterstock; reads nothing yet."""
    folder = data_root / "ss1m"
    return CardedCorpus("ss1m", [RequiredFile("ss1m/", (folder,))], partial(_read_ss1m, folder, config))


def text_file(data_root: Path, config: TextFileConfig) -> TextCorpus:
    """The corpus ``text-file``: the texts of any file; reads nothing yet."""
    path = data_root / config.path
    return CardedCorpus("text-file", [RequiredFile(config.path, (path,))], partial(_read_file, path, config))


def _read_cc3m(places: tuple[Path, ...], config: WebTextConfig) -> Iterator[str]:
    """The first column of the file."""
    path = _first_file(places)
    rows = ((number, _before_tab(line, number, path)) for number, line in iter_text(path, CC3M))
    return _iter_texts(rows, path, CC3M, skip=config.skip_bad_rows)


def _read_ss1m(folder: Path, config: Ss1mConfig) -> Iterator[str]:
    """The texts of the list, or of the crawl; each once."""
    listed = folder / SS1M_LIST
    paths = [listed] if listed.is_file() else sorted(folder.glob("[0-9]*.json"))
    if not paths:
        _first_file((listed, folder / "0000.json"))
    seen: set[str] = set()
    for path in paths:
        rows = _iter_list(path) if path == listed else _iter_crawl(path)
        for text in _iter_texts(rows, path, SS1M, skip=config.skip_bad_rows):
            if text not in seen and (config.max_words is None or len(text.split()) <= config.max_words):
                seen.add(text)
                yield text


def _read_file(path: Path, config: TextFileConfig) -> Iterator[str]:
    """The texts of any file."""
    rows = iter_rows(_first_file((path,)), TEXT_FILE)
    picked = ((number, _pick(row, config.key, number, path)) for number, row in rows)
    return _iter_texts(picked, path, TEXT_FILE, skip=config.skip_bad_rows)


def _iter_texts(rows: Iterable[tuple[int, str]], path: Path, form: FileForm, *, skip: bool) -> Iterator[str]:
    """The texts of rows, each on one line.

    Raises:
        CorruptDataError: After the last row, unless ``skip``: rows are empty or not UTF-8; their lines are named. Or
            no row is left.
    """
    bad: dict[str, list[int]] = {"empty": [], "not UTF-8": []}
    count = 0
    for number, row in rows:
        text = " ".join(row.split())
        if not text or not is_unicode(text):
            bad["not UTF-8" if text else "empty"].append(number)
        else:
            count += 1
            yield text
    found = [_tell_lines(what, numbers) for what, numbers in bad.items() if numbers]
    if found and not skip:
        raise form.error(path, "; ".join(found))
    if not count:
        raise form.error(path, "it has no texts")


def _tell_lines(what: str, numbers: list[int]) -> str:
    """``2 rows are empty (lines 3, 8)``."""
    shown = ", ".join(map(str, numbers[:SHOWN_LINES])) + (", ..." if len(numbers) > SHOWN_LINES else "")
    rows = "1 row is" if len(numbers) == 1 else f"{len(numbers):,} rows are"
    return f"{rows} {what} (line{'s' if len(numbers) > 1 else ''} {shown})"


def _before_tab(line: str, number: int, path: Path) -> str:
    """The caption of a line of CC3M."""
    caption, tab, _ = line.partition("\t")
    if not tab and line:
        raise CC3M.error(path, f"line {number} has no tab")
    return caption


def _pick(row: Mapping[str, Any] | str, key: str, number: int, path: Path) -> str:
    """The text of a row."""
    if isinstance(row, str):
        return row
    found = next((name for name in ((key,) if key else KEYS) if name in row), None)
    if found is None:
        wanted = f"the key {key!r}" if key else f"any of the keys {', '.join(KEYS)}"
        raise TEXT_FILE.error(path, f"row {number} has not {wanted}, but {', '.join(map(str, row)) or 'none'}")
    value = row[found]
    if not isinstance(value, str):
        raise TEXT_FILE.error(path, f"row {number} has no text under {found!r}")
    return value


class _Item(msgspec.Struct):
    description: str = ""


def _iter_list(path: Path) -> Iterator[tuple[int, str]]:
    """Every caption of a list."""
    for number, row in iter_rows(path, SS1M):
        if not isinstance(row, str):
            raise SS1M.error(path, f"entry {number} is no caption, but an object")
        yield number, row


def _iter_crawl(path: Path) -> Iterator[tuple[int, str]]:
    """Every line of every description of a file of the crawl; an item without a description says nothing."""
    pages = SS1M.read(path, dict[str, list[_Item]])
    number = 0
    for items in pages.values():
        for item in items:
            number += 1
            for line in item.description.splitlines():
                if line.strip():
                    yield number, line


def _first_file(places: tuple[Path, ...]) -> Path:
    """The first file that is there.

    Raises:
        MissingDataError: None is.
    """
    for place in places:
        if place.is_file():
            return place
    raise MissingDataError(
        f"There is no {str(places[0])!r}.",
        f"It is looked for as {', '.join(dict.fromkeys(str(place) for place in places))}.",
        "Run `zsbench data ls --data-root DIR` to see where it comes from.",
        path=places[0],
    )
