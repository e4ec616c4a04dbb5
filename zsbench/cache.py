"""Care of the store: what is in it, who uses it, whether it is whole, what may go.

A run notes the stages of its plan in ``runs/`` of the store; an entry is used as long as the folder of such a run is
there, and held while a run that rests on it goes on. Nothing here touches an entry that another process is making: each
one is taken under its lock.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import shutil
import time
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from zsbench.errors import HashMismatchError
from zsbench.files import write_text
from zsbench.interfaces import Progress
from zsbench.store import Store

__all__ = [
    "EntryFacts",
    "Pruning",
    "choose_prunable",
    "hold_use",
    "list_entries",
    "list_partials",
    "note_use",
    "remove_entries",
    "verify_entries",
]

RUNS = "runs"
HELD = "held-"
DAY = 86_400.0


@dataclass(frozen=True)
class EntryFacts:
    """One entry of a store.

    Attributes:
        kind: Of the stage, such as ``train``.
        key: Of the stage.
        label: What people read; empty for entries of older versions.
        folder: Where it is.
        size: Of its files, in bytes.
        finished: When it was made, in seconds since the epoch.
        runs: Folders of the runs that use it and are still there.
        held: Whether a run that goes on right now rests on it.
    """

    kind: str
    key: str
    label: str
    folder: Path
    size: int
    finished: float
    runs: tuple[str, ...] = ()
    held: bool = False


@dataclass(frozen=True)
class Pruning:
    """Which entries may go; an entry goes if any of these says so, and no run that goes on rests on it.

    Attributes:
        unused: Those that no run uses.
        older_than: Those made more than so many days ago.
        max_size: The oldest, until the store has no more than so many bytes.
    """

    unused: bool = False
    older_than: float | None = None
    max_size: int | None = None


def note_use(store: Store, run: Path, keys: Iterable[str]) -> None:
    """Note that a run rests on some stages, whether it made them or found them; a read-only store takes no notes."""
    place = str(run.resolve())
    name = hashlib.sha256(place.encode()).hexdigest()[:16]
    with _tolerate_read_only():
        _write_note(store, name, {"run": place, "keys": sorted(set(keys))})


@contextlib.contextmanager
def hold_use(store: Store, keys: Iterable[str]) -> Iterator[None]:
    """Keep entries from being pruned while a run goes on; a run that is killed holds nothing any more."""
    name = f"{HELD}{os.getpid()}-{time.monotonic_ns()}"
    with contextlib.ExitStack() as held:
        with _tolerate_read_only():
            held.enter_context(FileLock(_lock_file(store, name)))
            held.callback(_lock_file(store, name).unlink, missing_ok=True)
            held.callback((store.root / RUNS / f"{name}.json").unlink, missing_ok=True)
            _write_note(store, name, {"keys": sorted(set(keys))})
        yield


def list_entries(store: Store) -> list[EntryFacts]:
    """Every finished entry, oldest first; one whose manifest cannot be read counts as made when it was written."""
    users, held = _read_uses(store), _read_held(store)
    found = [_describe(manifest, users, held) for manifest in store.root.glob("*/*/entry.json")]
    return sorted(found, key=lambda entry: (entry.finished, entry.kind, entry.key))


def list_partials(store: Store) -> list[Path]:
    """Folders that interrupted stages left, in which nobody is working now."""
    return [folder for folder in sorted((store.root / "partial").glob("*")) if not _is_held(store, folder.name)]


def verify_entries(store: Store, entries: Sequence[EntryFacts], progress: Progress) -> dict[str, str]:
    """By key, what is wrong with an entry: a file that is missing, changed, or was never announced."""
    problems = {}
    for done, facts in enumerate(entries, start=1):
        entry = store.find(facts.kind, facts.key)
        try:
            if entry is not None:
                entry.check()
        except HashMismatchError as error:
            problems[facts.key] = error.found
        progress(done, len(entries))
    return problems


def choose_prunable(entries: Sequence[EntryFacts], pruning: Pruning, *, now: float | None = None) -> list[EntryFacts]:
    """The entries that may go, oldest first.

    Args:
        entries: What ``list_entries`` says.
        pruning: Which may go.
        now: Seconds since the epoch; None for the clock's.
    """
    moment = time.time() if now is None else now
    chosen = {entry.key for entry in entries if pruning.unused and not entry.runs}
    if pruning.older_than is not None:
        chosen |= {entry.key for entry in entries if moment - entry.finished > pruning.older_than * DAY}
    if pruning.max_size is not None:
        left = sum(entry.size for entry in entries if entry.held or entry.key not in chosen)
        for entry in entries:
            if left > pruning.max_size and entry.key not in chosen and not entry.held:
                chosen.add(entry.key)
                left -= entry.size
    return [entry for entry in entries if entry.key in chosen and not entry.held]


def remove_entries(store: Store, entries: Iterable[EntryFacts], partials: Iterable[Path] = ()) -> int:
    """Remove entries and abandoned folders; those that another process holds are left. Bytes that became free."""
    freed = 0
    for entry in entries:
        freed += _remove(store, entry.key, entry.folder)
    for folder in partials:
        freed += _remove(store, folder.name.rpartition("-")[2], folder)
    return freed


def _remove(store: Store, key: str, folder: Path) -> int:
    """Remove one folder under its stage's lock, unless it is held."""
    size = _size_of(folder)
    try:
        with FileLock(_lock_file(store, key), timeout=0):
            shutil.rmtree(folder, ignore_errors=True)
    except Timeout:
        return 0
    return size


def _is_held(store: Store, name: str) -> bool:
    """Whether a process works in the partial folder of this name."""
    try:
        with FileLock(_lock_file(store, name.rpartition("-")[2]), timeout=0):
            return False
    except Timeout:
        return True


def _lock_file(store: Store, key: str) -> Path:
    """The lock of a stage."""
    folder = store.root / "locks"
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f"{key}.lock"


def _describe(manifest: Path, users: Mapping[str, list[str]], held: Collection[str]) -> EntryFacts:
    """One entry."""
    folder = manifest.parent
    try:
        label = str(json.loads(manifest.read_text(encoding="utf-8")).get("label", ""))
    except (OSError, ValueError, AttributeError):
        label = "unreadable"
    return EntryFacts(
        kind=folder.parent.name,
        key=folder.name,
        label=label,
        folder=folder,
        size=_size_of(folder),
        finished=manifest.stat().st_mtime,
        runs=tuple(users.get(folder.name, ())),
        held=folder.name in held,
    )


def _read_uses(store: Store) -> dict[str, list[str]]:
    """By key, the runs that use it and whose folder is still there."""
    users: dict[str, list[str]] = {}
    for run, keys in _iter_uses(store):
        for key in keys:
            users.setdefault(key, []).append(run)
    return users


def _read_held(store: Store) -> set[str]:
    """The keys that runs in progress rest on; notes of runs that were killed are cleared away."""
    keys: set[str] = set()
    for path in sorted((store.root / RUNS).glob(f"{HELD}*.json")):
        try:
            with FileLock(_lock_file(store, path.stem), timeout=0):
                path.unlink(missing_ok=True)
                _lock_file(store, path.stem).unlink(missing_ok=True)
        except Timeout:
            with contextlib.suppress(OSError, ValueError, KeyError):
                keys |= set(json.loads(path.read_text(encoding="utf-8"))["keys"])
    return keys


def _write_note(store: Store, name: str, note: Mapping[str, object]) -> None:
    """Write one note."""
    folder = store.root / RUNS
    folder.mkdir(parents=True, exist_ok=True)
    write_text(folder / f"{name}.json", json.dumps(note))


@contextlib.contextmanager
def _tolerate_read_only() -> Iterator[None]:
    """Do without what a read-only store cannot take; a run whose stages are all there needs to write nothing to it."""
    try:
        yield
    except OSError as error:
        if error.errno != errno.EROFS:
            raise


def _iter_uses(store: Store) -> Iterator[tuple[str, list[str]]]:
    """Each run that is still there, with its keys."""
    for path in sorted((store.root / RUNS).glob("*.json")):
        try:
            note = json.loads(path.read_text(encoding="utf-8"))
            run, keys = str(note["run"]), [str(key) for key in note["keys"]]
        except (OSError, ValueError, KeyError, TypeError):
            continue  # a note that cannot be read keeps nothing
        if Path(run).is_dir():
            yield run, keys


def _size_of(folder: Path) -> int:
    """Bytes of the files in a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
