"""What all models of records have in common."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import ConfigDict, Field

from zsbench.interfaces import Frozen

__all__ = ["SCHEMA_VERSION", "Record", "Sealed"]

SCHEMA_VERSION = 2


class Record(Frozen):
    """A part of a record; its fields may also be read by index, as those of a dictionary."""

    model_config = ConfigDict(ser_json_inf_nan="constants")


class Sealed(Record):
    """A file of a record that tells what the record's other files hold."""

    schema_version: Literal[2] = 2
    sha256: Mapping[str, str] = Field(default_factory=dict, description="SHA-256 of the record's other files, by name")
    seal: str = Field(default="", description="SHA-256 of this file's content without the seal")
