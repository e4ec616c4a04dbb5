"""Content hashes of files and folders, remembered between runs; imports nothing heavy."""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from zsbench.errors import MissingDataError

__all__ = ["FileHashes", "hash_file", "hash_folder", "hash_json"]

CHUNK_BYTES = 1 << 20
SETTLED_NS = 2_000_000_000
"""A file changed less than this long ago may change again under the same time stamp, so its hash is not remembered."""

SHA256 = "sha256"
CREATE = (
    "CREATE TABLE IF NOT EXISTS remembered (purpose TEXT, path TEXT, size INTEGER, mtime_ns INTEGER, "
    "ctime_ns INTEGER, value TEXT, PRIMARY KEY (purpose, path))"
)
SELECT = "SELECT value FROM remembered WHERE purpose = ? AND path = ? AND size = ? AND mtime_ns = ? AND ctime_ns = ?"
INSERT = "INSERT OR REPLACE INTO remembered VALUES (?, ?, ?, ?, ?, ?)"
NO_SYNC = "PRAGMA synchronous = OFF"
"""What a power failure damages is begun anew."""


def hash_file(path: Path) -> str:
    """SHA-256 of a file's bytes, in hex; reads in chunks.

    Raises:
        MissingDataError: There is no such file, or it cannot be read.
    """
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while chunk := file.read(CHUNK_BYTES):
                digest.update(chunk)
    except OSError as error:
        raise _missing(path, error) from error
    return digest.hexdigest()


def hash_folder(folder: Path, *, patterns: Sequence[str] = ("**/*",), hashes: FileHashes | None = None) -> str:
    """SHA-256 over the relative names and contents of a folder's files, in order of name; where it lies is no matter.

    Args:
        folder: The folder.
        patterns: Globs below it; a file that several match counts once.
        hashes: Remembered hashes to use.

    Raises:
        MissingDataError: There is no such folder.
    """
    if not folder.is_dir():
        raise _missing(folder, None)
    found = {path for pattern in patterns for path in folder.glob(pattern) if path.is_file()}
    known = hashes or FileHashes()
    return hash_json({path.relative_to(folder).as_posix(): known.hash_file(path) for path in found})


def hash_json(value: Any) -> str:
    """SHA-256 of a value's canonical JSON text; the order of keys is no matter."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


class FileHashes:
    """What was computed from files, remembered by purpose, absolute path, size and times of change.

    A copy that keeps the time of its source is told by the time at which it was put there.

    Several processes may share the cache; a damaged cache is begun anew.

    Args:
        cache: Folder of the file ``file-hashes.sqlite``; None remembers nothing beyond this object.
    """

    def __init__(self, cache: Path | None = None) -> None:
        self._known: dict[tuple[str, str, int, int, int], str] = {}
        self._database = None if cache is None else cache / "file-hashes.sqlite"
        self._connection: tuple[int, sqlite3.Connection] | None = None

    def __getstate__(self) -> dict[str, Any]:
        """Where it remembers, for another process, which opens the file itself."""
        return {**self.__dict__, "_connection": None}

    def remember(self, purpose: str, path: Path, compute: Callable[[Path], str]) -> str:
        """What ``compute`` says of a file or folder, asked only if it is new or changed.

        Args:
            purpose: What is computed, with the version of how; one path may be remembered for several.
            path: The file, or the folder whose list of entries counts.
            compute: Gives a text that depends on the content alone.

        Raises:
            MissingDataError: There is no such file.
        """
        key = (purpose, *_identify(path))
        if time.time_ns() - key[3] <= SETTLED_NS:
            return compute(path)
        if key not in self._known:
            stored = self._execute(SELECT, key)
            self._known[key] = str(stored[0][0]) if stored else compute(path)
            if not stored:
                self._execute(INSERT, (*key, self._known[key]))
        return self._known[key]

    def hash_file(self, path: Path) -> str:
        """SHA-256 of a file, read only if it is new or changed.

        Raises:
            MissingDataError: There is no such file.
        """
        return self.remember(SHA256, path, hash_file)

    def hash_files(self, paths: Iterable[Path]) -> list[str]:
        """SHA-256 of each file, in the order given."""
        return [self.hash_file(path) for path in paths]

    def hash_tree(self, folder: Path) -> str:
        """SHA-256 over the relative names and contents of all files below a folder, those behind links too."""
        files = sorted(_iter_files(folder, frozenset()))
        return hash_json({path.relative_to(folder).as_posix(): self.hash_file(path) for path in files})

    def hash_folder(self, folder: Path, *, patterns: Sequence[str] = ("**/*",)) -> str:
        """``hash_folder`` with what is remembered."""
        return hash_folder(folder, patterns=patterns, hashes=self)

    def _execute(self, statement: str, values: tuple[str | int, ...]) -> list[tuple[Any, ...]]:
        """Run one statement; a damaged file is removed and begun anew."""
        if self._database is None:
            return []
        try:
            return self._run(self._database, statement, values)
        except sqlite3.OperationalError:
            return []  # locked for long, or a file system that takes no writes: it is computed again
        except sqlite3.DatabaseError:
            self._connection = None
            self._database.unlink(missing_ok=True)  # a memo that is damaged holds nothing worth keeping
            return self._run(self._database, statement, values)

    def _run(self, database: Path, statement: str, values: tuple[str | int, ...]) -> list[tuple[Any, ...]]:
        """Run one statement on this process's connection, opened when it is first needed."""
        if self._connection is None or self._connection[0] != os.getpid():
            database.parent.mkdir(parents=True, exist_ok=True)
            opened = sqlite3.connect(database, timeout=30, isolation_level=None, check_same_thread=False)
            opened.execute(NO_SYNC)
            opened.execute(CREATE)
            self._connection = (os.getpid(), opened)
        return self._connection[1].execute(statement, values).fetchall()


def _iter_files(folder: Path, above: frozenset[Path]) -> Iterator[Path]:
    """Every file below a folder; a link to a folder around it is not followed in a circle."""
    real = folder.resolve()
    if real in above:
        return
    for path in folder.iterdir():
        if path.is_dir():
            yield from _iter_files(path, above | {real})
        elif path.is_file():
            yield path


def _identify(path: Path) -> tuple[str, int, int, int]:
    try:
        status = path.stat()
    except OSError as error:
        raise _missing(path, error) from error
    return str(path.absolute()), status.st_size, status.st_mtime_ns, status.st_ctime_ns


def _missing(path: Path, error: OSError | None) -> MissingDataError:
    reason = f" ({error.strerror})" if error is not None and error.strerror else ""
    return MissingDataError(
        f"{path} cannot be read{reason}.",
        "Its content is part of what a result is identified by.",
        "Check the path, or run `zsbench doctor` to see what is expected where.",
        path=path,
    )
