"""A store that machines without a common file system share through a URL: S3, GCS, whatever fsspec opens.

Each machine has a store of its own. An entry that it lacks is pulled when it is looked for, and one that it makes is
pushed; so are finished chunks of predictions. The manifest goes last, so an entry that can be seen is whole; what was
pulled is compared with its checksums. There is no lock between machines: two runs at once may make a stage twice.
"""

from __future__ import annotations

import json
import os
import shutil
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from zsbench.errors import ConfigError, HashMismatchError, MissingDataError, MissingDependencyError
from zsbench.stages.chunks import PARTS
from zsbench.store import MANIFEST, Entry
from zsbench_ray.shared_store import SharedStore, wait_until

__all__ = ["MirroredStore", "open_store"]


def open_store(root: Path, url: str = "") -> SharedStore:
    """The store in a folder that all machines see, or one of this machine that is mirrored at a URL.

    Raises:
        ConfigError: No file system opens such a URL.
        MissingDependencyError: The package of its file system is not installed.
    """
    return MirroredStore(root, url) if url else SharedStore(root)


class MirroredStore(SharedStore):
    """A machine's own store before one that all machines share.

    Args:
        root: The machine's own.
        url: The shared one.

    Raises:
        MissingDataError: In any method: the URL cannot be reached, read or written.
    """

    def __init__(self, root: Path, url: str) -> None:
        super().__init__(root)
        self.url = url
        self._files, self._top = _open(url)
        self._pushed: set[str] = set()

    def find(self, kind: str, key: str) -> Entry | None:
        """The entry of a stage, pulled if only the URL has it; pushed if only this machine has it."""
        entry = super().find(kind, key)
        if entry is not None and not entry.final and self.is_shared(kind, key):
            shutil.rmtree(entry.folder, ignore_errors=True)  # another machine may have got further
            entry = None
        if entry is None:
            return self._pull(kind, key)
        if f"{kind}/{key}" not in self._pushed and not self.is_shared(kind, key) and _is_whole(entry):
            self._push(kind, key)
        return entry

    def is_shared(self, kind: str, key: str) -> bool:
        """Whether the URL has a finished entry; nothing is pulled."""
        return self.sees(f"{kind}/{key}/{MANIFEST}")

    def partial(self, kind: str, key: str) -> Path:
        """The folder a stage works in, with the chunks that another machine finished."""
        folder = super().partial(kind, key)
        if not any(folder.iterdir()):
            for name in self._list(f"partial/{kind}-{key}"):
                if Path(name).match(PARTS):
                    self._get(f"partial/{kind}-{key}/{name}", folder / name)
        return folder

    def push_chunks(self, kind: str, key: str) -> None:
        """Share the chunks that were finished since the last time."""
        for path in sorted(super().partial(kind, key).glob(PARTS)):
            target = f"partial/{kind}-{key}/{path.name}"
            if target not in self._pushed:
                self._put(path, target)
                self._pushed.add(target)

    def commit(
        self, kind: str, key: str, material: Mapping[str, Any], *, seconds: float, final: bool = True, label: str = ""
    ) -> Entry:
        """Checksum what the partial folder holds, rename it into place, and share it."""
        entry = super().commit(kind, key, material, seconds=seconds, final=final, label=label)
        self._push(kind, key)
        self.remove(f"partial/{kind}-{key}")
        return entry

    def await_file(self, name: str) -> bool:
        """Whether the URL has a file that another machine has just written, now or soon."""
        return bool(wait_until(lambda: self.sees(name), self.root))

    def sees(self, name: str) -> bool:
        """Whether the URL has a file, looked at anew."""
        self._files.invalidate_cache()
        return bool(self._ask("exists", f"{self._top}/{name}"))

    def mark(self, name: str) -> None:
        """Write a small file at the URL.

        Raises:
            MissingDataError: The URL cannot be reached or written, now or in any other method.
        """
        self._ask("makedirs", self._top, exist_ok=True)
        self._ask("pipe_file", f"{self._top}/{name}", b"This file shows that machines share the store.\n")

    def remove(self, name: str) -> None:
        """Remove a file or folder at the URL, if it is there."""
        if self.sees(name):
            self._ask("rm", f"{self._top}/{name}", recursive=True)

    def _pull(self, kind: str, key: str) -> Entry | None:
        """Fetch an entry; None if there is none, or it is not what was written."""
        files = self._read_manifest(kind, key)
        if files is None:
            return None
        folder = self.root / "partial" / f"pulled-{uuid.uuid4().hex}"
        folder.mkdir(parents=True)
        try:
            for name in (*files, MANIFEST):
                self._get(f"{kind}/{key}/{name}", folder / name)
            Entry(folder, files, 0.0).check()
            self.path(kind, key).parent.mkdir(parents=True, exist_ok=True)
            folder.rename(self.path(kind, key))
        except (HashMismatchError, OSError):  # damaged: to be made again; or another process of this machine was faster
            shutil.rmtree(folder, ignore_errors=True)
        self._pushed.add(f"{kind}/{key}")
        return super().find(kind, key)

    def _push(self, kind: str, key: str) -> None:
        """Share an entry, its manifest last."""
        names = sorted(path.name for path in self.path(kind, key).iterdir() if path.name != MANIFEST)
        for name in (*names, MANIFEST):
            self._put(self.path(kind, key) / name, f"{kind}/{key}/{name}")
        self._pushed.add(f"{kind}/{key}")

    def _read_manifest(self, kind: str, key: str) -> dict[str, str] | None:
        """SHA-256 by name of a shared entry's files; None if it is not there, or not what a manifest is."""
        if not self.is_shared(kind, key):
            return None
        try:
            files = dict(json.loads(self._ask("cat_file", f"{self._top}/{kind}/{key}/{MANIFEST}"))["files"])
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return files if all(Path(name).name == name for name in files) else None

    def _list(self, folder: str) -> list[str]:
        """Names of the files in a folder at the URL."""
        if not self.sees(folder):
            return []
        found = self._ask("ls", f"{self._top}/{folder}", detail=False)
        return sorted(str(path).rstrip("/").rpartition("/")[2] for path in found)

    def _put(self, path: Path, target: str) -> None:
        """Copy a file to the URL."""
        place = f"{self._top}/{target}"
        self._ask("makedirs", place.rpartition("/")[0], exist_ok=True)
        self._ask("put_file", str(path), place)

    def _get(self, source: str, path: Path) -> None:
        """Copy a file from the URL, whole or not at all."""
        arriving = path.with_name(f"{path.name}.{os.getpid()}.tmp")
        self._ask("get_file", f"{self._top}/{source}", str(arriving))
        arriving.replace(path)

    def _ask(self, method: str, *arguments: Any, **options: Any) -> Any:
        """One call of the file system; whatever it raises but for a missing file becomes an error of the tree."""
        try:
            return getattr(self._files, method)(*arguments, **options)
        except FileNotFoundError:
            raise
        except Exception as error:
            raise MissingDataError(
                f"The store {self.url} cannot be used: {type(error).__name__}: {error}.",
                "--store names a folder or bucket that every node may read and write.",
                "Check its name, this machine's credentials and its network, and run the same command again.",
                path=self.url,
            ) from error


def _is_whole(entry: Entry) -> bool:
    """Whether an entry is what was written; what is not is not shared."""
    try:
        entry.check()
    except HashMismatchError:
        return False
    return True


def _open(url: str) -> tuple[Any, str]:
    """The file system of a URL and the path on it."""
    import fsspec

    try:
        files, path = fsspec.core.url_to_fs(url)
    except ImportError as error:
        raise MissingDependencyError(
            f"The store {url} cannot be opened: {error}.",
            "fsspec needs the package of each file system.",
            "Install it: `pip install s3fs` for s3://, gcsfs for gs://, adlfs for abfs://.",
        ) from error
    except ValueError as error:
        raise ConfigError(
            f"The store {url} cannot be opened: {error}.",
            "It is a URL that fsspec knows, such as s3://bucket/store.",
            "Correct --store, or leave it out where all nodes share a file system.",
            source="--store",
            key="store",
        ) from error
    return files, str(path).rstrip("/")
