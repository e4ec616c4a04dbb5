"""Reading annotation files, which are untrusted bytes: size limits, and errors that name the entry and the key."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn, TypeVar

import msgspec

from zsbench.errors import CorruptDataError

__all__ = ["FileForm", "WrongEntryError", "check_caption", "check_relative_path", "is_unicode", "iter_lines"]

MAX_BYTES = 4_000_000_000
"""Largest JSON file that is read at once; the Karpathy file of COCO has 144 MB."""

MAX_LINE_BYTES = 1_048_576
"""Longest line of a text, CSV or JSONL file."""

BYTE_ORDER_MARK = b"\xef\xbb\xbf"
WHERE = re.compile(r"(?P<what>.*) - at `\$\.?(?P<key>(?P<list>\w*)(?:\[(?P<number>\d+)\])?.*)`$")
"""How msgspec says where it found what: ``Expected `str`, got `int` - at `$.images[2].filename```."""

ValueT = TypeVar("ValueT")


class WrongEntryError(Exception):
    """What is wrong with one entry of a file, in a few words."""


@dataclass(frozen=True)
class FileForm:
    """A form of file, for reading it and for refusing another one.

    Attributes:
        name: What people call it, such as ``Karpathy split file``.
        shape: What it holds, in one sentence.
        remedy: What to do about a bad one, in one sentence.
        id_keys: Keys by whose values a message names an entry.
    """

    name: str
    shape: str
    remedy: str = "Get the file again, or correct that entry."
    id_keys: tuple[str, ...] = ()

    def error(self, path: Path, what: str) -> CorruptDataError:
        """The error of a file that is not of this form."""
        return CorruptDataError(
            f"{str(path)!r} is not a sound {self.name}: {what}.", self.shape, self.remedy, path=path
        )

    def read(self, path: Path, kind: type[ValueT]) -> ValueT:
        """The JSON file as a value of a kind, keys that the kind has not left out.

        Raises:
            CorruptDataError: It is too large, truncated, not UTF-8, not JSON or of another shape; the entry and the
                key are named.
        """
        content = self._read_bytes(path)
        try:
            return msgspec.json.decode(content, type=kind)
        except msgspec.ValidationError as error:
            raise self.error(path, self._explain(error, content)) from None
        except (msgspec.DecodeError, RecursionError) as error:
            truncated = "truncated" in str(error)
            what = "it ends in the middle of its JSON" if truncated else f"it is not readable JSON, {error}"
            raise self.error(path, what) from None

    def describe(self, entry: object) -> str:
        """`` (key id)`` of an entry, by the first of the keys that it has; empty if it has none."""
        values = entry if isinstance(entry, dict) else {key: getattr(entry, key, None) for key in self.id_keys}
        found = [f" ({key} {values[key]})" for key in self.id_keys if values.get(key) is not None]
        return found[0] if found else ""

    def _read_bytes(self, path: Path) -> bytes:
        """The bytes of a file without a byte order mark, checked to be UTF-8."""
        try:
            size = path.stat().st_size
            if size > MAX_BYTES:
                raise self.error(path, f"it has {size:,} bytes, at most {MAX_BYTES:,} are read")
            content = path.read_bytes()
        except OSError as error:
            raise self.error(path, f"it cannot be read, {error.strerror}") from error
        content = content.removeprefix(BYTE_ORDER_MARK)
        if not content.isascii():
            try:
                content.decode()
            except UnicodeDecodeError as error:
                line = content.count(b"\n", 0, error.start) + 1
                what = f"line {line}, byte {error.start}, is not UTF-8{self._name_bad_entry(content)}"
                raise self.error(path, what) from None
        return content

    def _explain(self, error: msgspec.ValidationError, content: bytes) -> str:
        """What msgspec found, with the key and the entry first."""
        found = WHERE.match(str(error))
        if found is None or not found["key"]:
            return str(error)
        name = ""
        if found["number"]:
            with contextlib.suppress(msgspec.DecodeError, RecursionError):  # what follows the entry may be no JSON
                lists = msgspec.json.decode(content)
                name = self.describe((lists[found["list"]] if found["list"] else lists)[int(found["number"])])
        return f"{found['key']}{name}: {found['what']}"

    def _name_bad_entry(self, content: bytes) -> str:
        """`` in list[n] (key id)`` of the first entry of any list whose bytes are not UTF-8; empty if there is none."""
        try:
            lists = json.loads(content.decode("utf-8", "surrogateescape"))
        except (ValueError, RecursionError):
            return ""
        for key, entries in lists.items() if isinstance(lists, dict) else ():
            for number, entry in enumerate(entries if isinstance(entries, list) else ()):
                if not is_unicode(json.dumps(entry, ensure_ascii=False)):
                    return f", in {key}[{number}]{self.describe(entry)}"
        return ""


def check_caption(text: str, key: str) -> str:
    """A caption without surrounding white space.

    Raises:
        WrongEntryError: Nothing is left.
    """
    caption = text.strip()
    if not caption:
        raise WrongEntryError(f"has an empty caption under key {key!r}")
    return caption


def check_relative_path(path: str, key: str) -> str:
    """A path that stays in its folder, as it is.

    Raises:
        WrongEntryError: It is absolute, climbs, or means something else on another system.
    """
    strange = any(sign in path for sign in "\\:\0") or not is_unicode(path)
    if strange or any(part in {"", ".", ".."} for part in path.split("/")):
        raise WrongEntryError(f"has no path inside the data's folder under key {key!r}: {path!r}")
    return path


def is_unicode(text: str) -> bool:
    """Whether a text can be written as UTF-8: whether it holds no half of a character."""
    return text.isascii() or not any("\ud800" <= sign <= "\udfff" for sign in text)


def iter_lines(path: Path, form: FileForm) -> Iterator[tuple[int, bytes]]:
    """Every line with its number, from 1, without its line break; reads no more than one line at a time.

    Raises:
        CorruptDataError: It cannot be read, or a line is too long.
    """
    try:
        with path.open("rb") as file:
            number = 0
            while line := file.readline(MAX_LINE_BYTES + 1):
                number += 1
                if len(line) > MAX_LINE_BYTES:
                    _refuse_line(path, form, number)
                yield number, line.removeprefix(BYTE_ORDER_MARK if number == 1 else b"").rstrip(b"\r\n")
    except OSError as error:
        raise form.error(path, f"it cannot be read, {error.strerror}") from error


def _refuse_line(path: Path, form: FileForm, number: int) -> NoReturn:
    """Refuse a line that is too long."""
    raise form.error(path, f"line {number} has more than {MAX_LINE_BYTES:,} bytes")
