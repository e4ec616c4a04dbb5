"""``InputPath``: a setting that names a file or folder whose content decides what comes out."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, core_schema

if TYPE_CHECKING:
    from zsbench.fingerprints import FileHashes

__all__ = ["InputPath", "describe_settings", "iter_input_paths"]


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
        """SHA-256 of the file, or over names and contents of the folder's files.

        Raises:
            MissingDataError: It is not there.
        """
        return hashes.hash_folder(self.path) if self.path.is_dir() else hashes.hash_file(self.path)

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


def iter_input_paths(value: object, key: str = "") -> Iterator[tuple[str, InputPath]]:
    """Every ``InputPath`` in a config by dotted key, and every plain path that is there."""
    if isinstance(value, InputPath):
        yield key, value
    elif isinstance(value, Path) and value.exists():
        yield key, InputPath(value)
    elif isinstance(value, BaseModel):
        yield from iter_input_paths({name: getattr(value, name) for name in type(value).model_fields}, key)
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            yield from iter_input_paths(inner, f"{key}.{name}" if key else str(name))
    elif isinstance(value, Sequence) and not isinstance(value, str | bytes):
        for index, inner in enumerate(value):
            yield from iter_input_paths(inner, f"{key}.{index}" if key else str(index))


def describe_settings(config: BaseModel, hashes: FileHashes) -> dict[str, Any]:
    """Settings as JSON, and the content of each file that they name.

    Raises:
        MissingDataError: A file is not there.
    """
    files = {key: path.content(hashes) for key, path in iter_input_paths(config)}
    return {"settings": config.model_dump(mode="json"), **({"files": files} if files else {})}
