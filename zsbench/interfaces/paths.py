"""``InputPath``: a setting that names a file or folder whose content decides what comes out."""

from __future__ import annotations

import dataclasses
import math
import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, core_schema, to_jsonable_python

if TYPE_CHECKING:
    from zsbench.fingerprints import FileHashes

__all__ = ["InputPath", "describe_settings"]


class InputPath(os.PathLike[str]):
    """A file or folder that a component reads, such as a checkpoint; a type for fields of a ``Frozen`` config.

    Stage keys hold the hash of its content, so a changed file is never taken for the old one, and the same file
    elsewhere is the same. Records hold its last part alone.

    Args:
        path: Absolute, or relative to the working folder; in a matrix file, what begins with ``./`` is relative to it.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path).expanduser()

    @property
    def name(self) -> str:
        """The last part."""
        return self.path.name

    def content(self, hashes: FileHashes) -> str:
        """SHA-256 of the file, or over names and contents of the folder's files, links followed.

        Raises:
            MissingDataError: It is not there.
        """
        return hashes.hash_tree(self.path) if self.path.is_dir() else hashes.hash_file(self.path)

    def __fspath__(self) -> str:
        return str(self.path)

    def __str__(self) -> str:
        return str(self.path)

    def __repr__(self) -> str:
        return f"InputPath({str(self.path)!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, InputPath) and self.path == other.path

    def __hash__(self) -> int:
        return hash(self.path)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Validate from text or a path; in JSON, the last part."""
        name = core_schema.plain_serializer_function_ser_schema(lambda value: value.name, when_used="json")
        return core_schema.no_info_plain_validator_function(cls._validate, serialization=name)

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """A path, as text."""
        return {"type": "string", "format": "path"}

    @classmethod
    def _validate(cls, value: object) -> InputPath:
        """The path, from what a matrix file or a program gives."""
        if isinstance(value, InputPath):
            return value
        if not isinstance(value, str | os.PathLike) or not str(value):
            raise ValueError("Input should be the path of a file or folder")
        return cls(value)


def describe_settings(config: BaseModel, hashes: FileHashes, *, without: Collection[str] = ()) -> dict[str, Any]:
    """Every field of a config as JSON, and the content of each file that they name; the same in every process.

    Fields that a config leaves out of its own JSON are in it too, and sets stand in order.

    Args:
        config: The settings.
        hashes: Of files.
        without: Fields of the config that do not count.

    Raises:
        MissingDataError: A file is not there.
    """
    fields = {name: getattr(config, name) for name in type(config).model_fields if name not in without}
    files = {key: path.content(hashes) for key, path in _iter_paths(fields, "")}
    return {"settings": _as_json(fields), **({"files": files} if files else {})}


def _iter_paths(value: object, key: str) -> Iterator[tuple[str, InputPath]]:
    """Every ``InputPath`` in a value by dotted key, and every plain path that is there."""
    if isinstance(value, InputPath):
        yield key, value
    elif isinstance(value, Path):
        yield from [(key, InputPath(value))] if value.exists() else []
    else:
        for name, inner in _iter_parts(value):
            yield from _iter_paths(inner, f"{key}.{name}" if key else name)


def _as_json(value: object) -> Any:
    """A value as JSON; a file by its last part, what JSON has no form for by its name."""
    if isinstance(value, InputPath | Path):
        return value.name
    if isinstance(value, str | int | bool | type(None)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, AbstractSet):
        return sorted((_as_json(part) for part in value), key=repr)
    if isinstance(value, Sequence) and not isinstance(value, bytes):
        return [_as_json(part) for part in value]
    parts = dict(_iter_parts(value))
    return {name: _as_json(part) for name, part in parts.items()} if parts else to_jsonable_python(value, fallback=repr)


def _iter_parts(value: object) -> Iterator[tuple[str, object]]:
    """The fields, entries or members of a value, each by its name or place."""
    if isinstance(value, BaseModel):
        yield from ((name, getattr(value, name)) for name in type(value).model_fields)
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        yield from ((field.name, getattr(value, field.name)) for field in dataclasses.fields(value))
    elif isinstance(value, Mapping):
        yield from ((str(name), inner) for name, inner in value.items())
    elif isinstance(value, AbstractSet):
        yield from ((str(place), inner) for place, inner in enumerate(sorted(value, key=repr)))
    elif isinstance(value, Sequence) and not isinstance(value, str | bytes):
        yield from ((str(place), inner) for place, inner in enumerate(value))
