"""Committed baselines: records small enough for a repository, with checksums and provenance.

::

    results/baselines/<cell>/<revision>/
        baseline.json               schema version, revision, provenance, SHA-256 of the files and of itself
        result.json                 as a run wrote it
        samples.jsonl.gz            per example: id, prediction, image, groups, regions
        statistics.safetensors.gz   per example: the sufficient statistics of each metric

A revision is never written twice.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import shutil
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zsbench.errors import ConfigError, CorruptDataError, HashMismatchError, MissingDataError
from zsbench.files import write_text
from zsbench.gate.evidence import Evidence, check_statistics_rows, find_run, read_run_evidence
from zsbench.records import SCHEMA_VERSION, STATISTICS, narrow_statistics, restore_groups

if TYPE_CHECKING:
    from zsbench.interfaces import NDArrayFloat

__all__ = ["BASELINE_LIMIT", "read_baselines", "read_history", "write_baselines"]

BASELINE_LIMIT = 300_000
"""A baseline of one cell has no more bytes than this."""

_INFLATED_LIMIT = 256_000_000
"""More than this is not unpacked: no record is as large, and a bomb is."""

_NOTE = "baseline.json"
_RESULT, _SAMPLES, _PACKED = "result.json", "samples.jsonl.gz", f"{STATISTICS}.gz"


def write_baselines(evidence: Sequence[Evidence], folder: Path, *, revision: str = "") -> list[Path]:
    """Write a baseline of every cell that did not fail.

    Args:
        evidence: Cells of a run.
        folder: The results folder; baselines go to ``baselines`` in it.
        revision: What to call the record; the commit of the run if empty.

    Raises:
        ConfigError: The revision has no name, stands for uncommitted changes, or exists already.
        CorruptDataError: A baseline would be too large.
    """
    targets = [
        (cell, _root(folder) / cell.name / _check_revision(revision or cell.revision))
        for cell in evidence
        if not cell.failed
    ]
    for _, target in targets:
        if target.exists():
            raise ConfigError(
                f"{target} exists.",
                "A record under a given revision is never overwritten.",
                "Commit your change and run again, or name another revision: `--revision NAME`.",
                key="revision",
            )
    return [_write_one(cell, target) for cell, target in targets]


def read_baselines(path: Path) -> list[Evidence]:
    """The newest baseline of every cell, or the cells of a run folder.

    Args:
        path: A results folder, its ``baselines``, or a run folder.

    Raises:
        MissingDataError: There is no baseline.
        CorruptDataError: A file is not what was written.
        HashMismatchError: A file was changed after it was written.
    """
    if (find_run(path) / "run.json").is_file():
        return read_run_evidence(path)
    newest: dict[str, Evidence] = {}
    for cell in read_history(path):
        newest[cell.name] = cell
    if not newest:
        raise MissingDataError(
            f"{path} holds no baseline.",
            "A baseline is a folder baselines/<cell>/<revision> or a run folder.",
            f"Write one from a run you trust: `zsbench gate results/latest --baseline {path} --update-baseline`.",
            path=path,
        )
    return list(newest.values())


def read_history(path: Path) -> list[Evidence]:
    """Every baseline of every cell, oldest first; empty if there is none."""
    notes = sorted(_root(path).glob(f"*/*/{_NOTE}"))
    return sorted((_read_one(note.parent) for note in notes), key=lambda cell: (cell.started, cell.revision))


def _root(path: Path) -> Path:
    """The folder of cells."""
    return path if path.name == "baselines" else path / "baselines"


def _check_revision(revision: str) -> str:
    """A name that is one folder and stands for one state of the code."""
    plain = revision.replace("-", "").replace("_", "").replace(".", "").replace("+", "")
    if not plain.isalnum() or revision.startswith(".") or revision.endswith("-dirty"):
        raise ConfigError(
            f"{revision!r} cannot be the revision of a baseline.",
            "Expected letters, digits and . - _ +, and a state of the code that can be found again.",
            "Commit your change and run again, or name the revision: `--revision NAME`.",
            key="revision",
        )
    return revision


def _write_one(cell: Evidence, target: Path) -> Path:
    """Write one baseline whole or not at all."""
    partial = target.with_name(f"{target.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    files = {
        _RESULT: (json.dumps(_portable(cell.result), indent=1, ensure_ascii=False) + "\n").encode(),
        _SAMPLES: _pack("".join(_sample_lines(cell)).encode()),
        _PACKED: _pack(_statistics_bytes(cell)),
    }
    _check_size(cell, files)
    for name, content in files.items():
        (partial / name).write_bytes(content)
    note = {
        "schema_version": SCHEMA_VERSION,
        "revision": target.name,
        "started": cell.started,
        "run": _portable(dict(cell.run)),
        "sha256": {name: _hash(content) for name, content in files.items()},
    }
    sealed = {**note, "seal": _seal(note)}
    write_text(partial / _NOTE, json.dumps(sealed, indent=1, ensure_ascii=False) + "\n")
    partial.rename(target)
    return target


def _portable(value: Any) -> Any:
    """A record's value with paths of this machine cut to their last part: what is committed is read elsewhere."""
    if isinstance(value, Mapping):
        return {key: _portable(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_portable(inner) for inner in value]
    return Path(value).name if isinstance(value, str) and Path(value).is_absolute() else value


def _sample_lines(cell: Evidence) -> list[str]:
    """What a baseline keeps of each sample; values follow from the statistics."""
    kept = ("id", "prediction", "caption", "image", "groups", "regions")
    rows = ({key: sample[key] for key in kept if key in sample} for sample in cell.samples)
    return [json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n" for row in rows]


def _statistics_bytes(cell: Evidence) -> bytes:
    """The statistics as safetensors; those of a group only where they are not rows of the whole's."""
    from safetensors.numpy import save

    return save(narrow_statistics(cell.result["metrics"], cell.samples, cell.statistics))


def _check_size(cell: Evidence, files: Mapping[str, bytes]) -> None:
    """Refuse a baseline that does not belong in a repository."""
    size = sum(map(len, files.values()))
    if size > BASELINE_LIMIT:
        raise CorruptDataError(
            f"The baseline of {cell.name} would have {size // 1000} kB.",
            f"A committed baseline has at most {BASELINE_LIMIT // 1000} kB.",
            "Take it from a run with fewer examples (`zsbench run --limit 1000`), or gate against a run folder.",
            path=cell.place,
        )


def _read_one(folder: Path) -> Evidence:
    """One baseline, every byte compared with its checksum."""
    note = _read_note(folder / _NOTE)
    content = {name: _read_checked(folder / name, note["sha256"][name]) for name in (_RESULT, _SAMPLES, _PACKED)}
    try:
        result = json.loads(content[_RESULT])
        samples = [json.loads(line) for line in _unpack(folder / _SAMPLES, content[_SAMPLES]).decode().splitlines()]
        statistics = _load_statistics(_unpack(folder / _PACKED, content[_PACKED]), result, samples)
    except (ValueError, KeyError) as error:
        raise _unreadable(folder, str(error)) from None
    evidence = Evidence(
        result=result,
        samples=samples,
        statistics=statistics,
        place=folder,
        revision=str(note["revision"]),
        started=str(note["started"]),
        run=note["run"],
    )
    check_statistics_rows(evidence)
    return evidence


def _read_note(path: Path) -> Mapping[str, Any]:
    """A ``baseline.json``: its schema version first, then its seal."""
    try:
        note = json.loads(path.read_text(encoding="utf-8"))
        version, seal = note.pop("schema_version"), note.pop("seal")
        fields = {"revision", "started", "run", "sha256"} <= set(note)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise _unreadable(path, f"{type(error).__name__}: {error}") from None
    if version != SCHEMA_VERSION:
        raise CorruptDataError(
            f"{path} has schema version {version!r}.",
            f"This zsbench reads version {SCHEMA_VERSION}.",
            "Run again and write a new baseline: `zsbench run && zsbench gate results/latest --update-baseline`.",
            path=path,
        )
    expected = _seal({"schema_version": version, **note})
    if not fields or seal != expected:
        raise _changed(path, str(seal), expected)
    return dict(note)


def _read_checked(path: Path, expected: str) -> bytes:
    """A file whose SHA-256 is the one that was written down."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise _unreadable(path, str(error)) from None
    if _hash(content) != expected:
        raise _changed(path, expected, _hash(content))
    return content


def _load_statistics(
    content: bytes, result: Mapping[str, Any], samples: Sequence[Mapping[str, Any]]
) -> Mapping[str, NDArrayFloat]:
    """Statistics by ``row_key``."""
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        arrays = {name: array.astype("float64") for name, array in load(content).items()}
    except SafetensorError as error:
        raise ValueError(str(error)) from None
    return restore_groups(arrays, result["metrics"], samples)


def _pack(content: bytes) -> bytes:
    """Compressed, the same bytes for the same content."""
    return gzip.compress(content, compresslevel=9, mtime=0)


def _unpack(path: Path, content: bytes) -> bytes:
    """Uncompressed, up to a limit."""
    inflater = zlib.decompressobj(wbits=31)
    try:
        inflated = inflater.decompress(content, _INFLATED_LIMIT)
    except zlib.error as error:
        raise _unreadable(path, str(error)) from None
    if not inflater.eof:
        raise _unreadable(path, "it is cut short or far too large")
    return inflated


def _hash(content: bytes) -> str:
    """SHA-256."""
    return hashlib.sha256(content).hexdigest()


def _seal(note: Mapping[str, Any]) -> str:
    """SHA-256 of a note without its seal."""
    return _hash(json.dumps(note, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode())


def _changed(path: Path, expected: str, found: str) -> HashMismatchError:
    """The error of a file that is not what was written."""
    return HashMismatchError(
        f"{path} has SHA-256 {found[:12]}.",
        f"{expected[:12]} was written down: the file was cut or edited.",
        f"Restore the committed one: `git checkout -- {path.parent}`.",
        path=path,
    )


def _unreadable(path: Path, reason: str) -> CorruptDataError:
    """The error of a baseline that cannot be read."""
    return CorruptDataError(
        f"{path} cannot be read: {reason}.",
        "Expected what `zsbench gate --update-baseline` wrote.",
        "Restore the committed one (`git checkout -- results`), or write a new baseline.",
        path=path,
    )
