"""The files of a record as bytes, and what they hold: each refused with its name if it is something else."""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from zsbench.errors import CorruptDataError, MissingDataError
from zsbench.records.models import CellResult, Sample
from zsbench.records.record import SCHEMA_VERSION, Sealed
from zsbench.records.seal import broken_seal, check_seal, hash_bytes
from zsbench.records.statistics import load_statistics

if TYPE_CHECKING:
    from zsbench.interfaces import NDArrayFloat

__all__ = [
    "BASELINE",
    "HISTORY",
    "OFFICIAL",
    "RESULT",
    "RUN",
    "SAMPLES",
    "STATISTICS",
    "damaged_file",
    "no_record",
    "other_version",
    "parse_samples",
    "parse_statistics",
    "read_files",
    "read_sealed",
    "statistics_of",
    "tell_field",
    "unpack",
]

RUN, RESULT, BASELINE, HISTORY = "run.json", "result.json", "baseline.json", "history.jsonl"
SAMPLES, STATISTICS, OFFICIAL = "samples.jsonl", "statistics.safetensors", "official.json"

INFLATED_LIMIT = 256_000_000
"""More than this is not unpacked: no record is as large, and a bomb is."""

SealedT = TypeVar("SealedT", bound=Sealed)
_SAMPLES: TypeAdapter[tuple[Sample, ...]] = TypeAdapter(tuple[Sample, ...])


def read_sealed(path: Path, model: type[SealedT], *, migrate: Path) -> SealedT:
    """A sealed JSON file: its version first, then its seal, then its fields."""
    content = _read_bytes(path)
    try:
        document: Any = json.loads(content)
        version = document.get("schema_version")
        if version != SCHEMA_VERSION:
            raise other_version(path, version, migrate)
        check_seal(document, path)
        return model.model_validate_json(content, strict=True)
    except ValidationError as error:
        raise damaged_file(path, tell_field(error)) from None
    except RecursionError:
        raise damaged_file(path, "it is nested too deeply") from None
    except (ValueError, AttributeError, TypeError) as error:
        raise damaged_file(path, f"it is not JSON of a record: {error}") from None


def read_files(place: Path, note: Sealed, wanted: Mapping[str, str]) -> dict[str, tuple[Path, bytes]]:
    """Path and content of the files beside a sealed one, each compared with its checksum."""
    found = {}
    for name, file in wanted.items():
        if file in note.sha256:
            content = _read_bytes(place / file)
            if hash_bytes(content) != note.sha256[file]:
                raise broken_seal(place / file, note.sha256[file], hash_bytes(content))
            found[name] = place / file, content
    if SAMPLES not in found and SAMPLES in wanted:
        raise damaged_file(place, f"no checksum of {wanted[SAMPLES]} was written down")
    return found


def _read_bytes(path: Path) -> bytes:
    """A file of a record; a link is none, for it may lead anywhere."""
    if path.is_symlink():
        raise damaged_file(path, "it is a link")
    try:
        return path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        raise no_record(path) from None
    except OSError as error:
        raise damaged_file(path, str(error.strerror)) from None


def parse_samples(path: Path, content: bytes) -> list[Sample]:
    """Samples of JSON Lines, ids different."""
    try:
        lines = content.removesuffix(b"\n").split(b"\n") if content else []
        samples = _SAMPLES.validate_json(b"[" + b",".join(lines) + b"]", strict=True)
    except ValidationError as error:
        raise damaged_file(path, tell_field(error)) from None
    if len({sample.id for sample in samples}) < len(samples):
        raise damaged_file(path, "an id stands twice")
    return list(samples)


def statistics_of(
    files: Mapping[str, tuple[Path, bytes]], result: CellResult, samples: Sequence[Sample]
) -> Mapping[str, NDArrayFloat]:
    """The statistics of a cell; none if it has none."""
    return parse_statistics(*files[STATISTICS], result, samples) if STATISTICS in files else {}


def parse_statistics(
    path: Path, content: bytes, result: CellResult, samples: Sequence[Sample]
) -> dict[str, NDArrayFloat]:
    """Statistics by ``row_key``, those of groups too."""
    try:
        return load_statistics(content, result.metrics, [sample for sample in samples if sample.error is None])
    except ValueError as error:
        raise damaged_file(path, str(error)) from None


def unpack(path: Path, content: bytes) -> bytes:
    """Uncompressed, up to a limit."""
    inflater = zlib.decompressobj(wbits=31)
    try:
        inflated = inflater.decompress(content, INFLATED_LIMIT)
    except zlib.error as error:
        raise damaged_file(path, str(error)) from None
    if not inflater.eof:
        raise damaged_file(path, "it is cut short or far too large")
    return inflated


def tell_field(error: ValidationError) -> str:
    """What is wrong with the first wrong field; its value is not told, for it may be anything."""
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    field_ = ".".join(str(part) for part in first["loc"])
    return f"{field_}: {first['msg']}" if field_ else str(first["msg"])


def no_record(path: Path) -> MissingDataError:
    """The error of a file that is not there."""
    return MissingDataError(
        f"There is no {path}.",
        "A run folder holds run.json and cells.",
        "Name a folder that `zsbench run` wrote, such as results/latest.",
        path=path,
    )


def damaged_file(path: Path, reason: str) -> CorruptDataError:
    """The error of a file that is not what zsbench writes."""
    return CorruptDataError(
        f"{path} cannot be read: {reason}.",
        "A record is what zsbench wrote.",
        "Restore it (`git checkout -- FILE` for a committed one), or run again to write a new record.",
        path=path,
    )


def other_version(path: Path, version: object, results: Path) -> CorruptDataError:
    """The error of a record of another version."""
    old = version == 1
    return CorruptDataError(
        f"{path} has schema version {str(version)[:20]}.",
        f"This zsbench reads version {SCHEMA_VERSION}.",
        f"Migrate it: `zsbench records migrate {results}`." if old else "Read it with the zsbench that wrote it.",
        path=path,
    )
