"""Large JSON files of a known schema: decoded straight into small records, everything else left out.

A file of 214,354 questions with ten answers each takes a few seconds and a few hundred megabytes this way.
"""

from __future__ import annotations

import codecs
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import msgspec

from zsbench.errors import CorruptDataError

__all__ = ["FileKind", "read_typed_json"]

MAX_BYTES = 2_000_000_000
"""Ten times the largest official file."""
T = TypeVar("T")


@dataclass(frozen=True)
class FileKind:
    """What a file is called in messages, and what it holds.

    Attributes:
        name: Such as ``a VQA questions file``.
        schema: One sentence: what it holds.
    """

    name: str
    schema: str

    def corrupt(self, path: Path, what: str) -> CorruptDataError:
        """The error of a file that is not of this kind."""
        return CorruptDataError(
            f"{str(path)!r} is not {self.name}: {what}.",
            self.schema,
            "Get the file again, or correct that entry.",
            path=path,
        )


def read_typed_json(path: Path, schema: type[T], kind: FileKind) -> T:
    """The value in a JSON file; keys that the schema does not name are skipped.

    Raises:
        CorruptDataError: The file is too large, truncated, not UTF-8, or not of the schema; the entry is named.
    """
    content = _read_utf8(path, kind)
    try:
        return msgspec.json.decode(content, type=schema)
    except msgspec.ValidationError as error:
        raise kind.corrupt(path, _tell(error)) from None
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        truncated = "truncated" in str(error)
        raise kind.corrupt(path, "it ends in the middle of its JSON" if truncated else _tell(error)) from None


def _read_utf8(path: Path, kind: FileKind) -> bytes:
    """The bytes of a file, which are UTF-8, without a byte order mark."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise kind.corrupt(path, f"it has {path.stat().st_size} bytes, at most {MAX_BYTES} are read")
        content = path.read_bytes()
        content.decode("utf-8")
    except OSError as error:
        raise kind.corrupt(path, f"it cannot be read, {error.strerror}") from error
    except UnicodeDecodeError as error:
        near = content[max(0, error.start - 60) : error.start].decode("utf-8", "replace")
        raise kind.corrupt(path, f"byte {error.start} is not UTF-8, after {near!r}") from None
    return content.removeprefix(codecs.BOM_UTF8)


def _tell(error: Exception) -> str:
    """A finding of the decoder, its path as people write one."""
    return str(error).replace("`$.", "`").replace("`$[", "`[")
