"""The store: outputs of stages, addressed by what they were made from.

An entry is a folder ``<kind>/<key>`` with the stage's files and ``entry.json`` (what the key was made from, SHA-256 of
each file). It is written to a partial folder under a lock and renamed into place, so two processes may share a store
and a killed run leaves nothing half-done behind; a stage may keep finished chunks in its partial folder and go on from
them. Only safetensors, JSON, JSON Lines, YAML and npy are ever read back: no pickle.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import shutil
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock

from zsbench.errors import HashMismatchError
from zsbench.files import write_text
from zsbench.paths import default_cache

__all__ = ["MANIFEST", "Entry", "Store", "default_cache"]

MANIFEST = "entry.json"


@dataclass(frozen=True)
class Entry:
    """A finished stage output.

    Attributes:
        folder: Where its files are.
        files: SHA-256 by file name.
        seconds: How long the stage took.
        final: Whether it need not be tried again; a score whose Java was killed is not.
    """

    folder: Path
    files: Mapping[str, str]
    seconds: float
    final: bool = True

    def check(self) -> None:
        """Compare every file with its checksum.

        Raises:
            HashMismatchError: A file is missing or was changed.
        """
        for name, expected in self.files.items():
            path = self.folder / name
            found = _hash(path) if path.is_file() else "missing"
            if found != expected:
                raise HashMismatchError(
                    f"{path} is {'missing' if found == 'missing' else 'not what was written'}.",
                    f"Its SHA-256 was {expected[:12]}.",
                    "Run the same command again: the entry is rebuilt.",
                    path=path,
                )


class Store:
    """Stage outputs under one root folder."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def path(self, kind: str, key: str) -> Path:
        """Where the entry of a stage is, or will be."""
        return self.root / kind / key

    def find(self, kind: str, key: str) -> Entry | None:
        """The finished entry of a stage, its checksums not yet compared; None if there is none."""
        manifest = self.path(kind, key) / MANIFEST
        try:
            data = json.loads(manifest.read_text(encoding="utf-8"))
            return Entry(manifest.parent, dict(data["files"]), float(data["seconds"]), bool(data["final"]))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError):
            return Entry(manifest.parent, {MANIFEST: "unreadable"}, 0.0)

    def discard(self, kind: str, key: str) -> None:
        """Remove an entry, so that it is made again."""
        with self.lock(key):
            shutil.rmtree(self.path(kind, key), ignore_errors=True)

    @contextlib.contextmanager
    def lock(self, key: str) -> Iterator[None]:
        """Hold a stage for one process."""
        locks = self.root / "locks"
        locks.mkdir(parents=True, exist_ok=True)
        with FileLock(locks / f"{key}.lock"):
            yield

    def partial(self, kind: str, key: str) -> Path:
        """The folder a stage works in; what an interrupted run finished there is still there."""
        folder = self.root / "partial" / f"{kind}-{key}"
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def commit(
        self, kind: str, key: str, material: Mapping[str, Any], *, seconds: float, final: bool = True, label: str = ""
    ) -> Entry:
        """Checksum what the partial folder holds and rename it into place."""
        partial, place = self.partial(kind, key), self.path(kind, key)
        for abandoned in partial.glob("*.tmp"):
            abandoned.unlink()
        files = {path.name: _hash(path) for path in sorted(partial.iterdir()) if path.is_file()}
        manifest = {
            "kind": kind,
            "key": key,
            "label": label,
            "material": material,
            "files": files,
            "seconds": round(seconds, 3),
            "final": final,
            "finished": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        }
        write_text(partial / MANIFEST, json.dumps(manifest, indent=1, ensure_ascii=False, sort_keys=True))
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(place, ignore_errors=True)
        partial.rename(place)
        return Entry(place, files, seconds, final)


def _hash(path: Path) -> str:
    """SHA-256 of a file's content."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
