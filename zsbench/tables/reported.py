"""Published numbers as rows beside measured ones.

Files are untrusted text: safe YAML, a size limit, no code.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import yaml
from pydantic import Field, TypeAdapter, ValidationError

from zsbench.errors import CorruptDataError, MissingDataError
from zsbench.interfaces import Frozen

__all__ = ["ReportedRow", "read_reported"]

MAX_BYTES = 1_000_000


class ReportedRow(Frozen):
    """What a publication says of one method on one task."""

    method: str = Field(min_length=1, description="its name, as in the publication")
    task: str = Field(min_length=1, description="the task's id")
    corpus: str = Field(description="what it was trained on: a corpus' id, or in its words; empty if nothing")
    scores: Mapping[str, float] = Field(
        description="printed scores (0 to 100 where the literature prints so) by metric, such as cider-d, or by metric "
        "and group, such as cider-d@domain=in-domain"
    )
    source: str = Field(min_length=1, description="publication and table")
    backbone: str = Field(default="", description="the encoder; empty if it is not told")
    language_model: str = Field(default="", description="empty if there is none")
    run_by: str = Field(default="", description="who ran it")

    @property
    def note(self) -> str:
        """The footnote: where the numbers come from."""
        parts = [
            f"reported by {self.source}",
            f"encoder {self.backbone}" if self.backbone else "",
            f"language model {self.language_model}" if self.language_model else "",
            f"run by {self.run_by}" if self.run_by else "",
        ]
        return ", ".join(part for part in parts if part)


def read_reported(folder: Path) -> list[ReportedRow]:
    """The published rows of every ``*.yaml`` of a folder, files by name; each file is a list of rows.

    Raises:
        MissingDataError: There is no such folder.
        CorruptDataError: A file is too large, not YAML or not a list of rows.
    """
    if not folder.is_dir():
        raise MissingDataError(
            f"There is no folder {str(folder)!r}.",
            "Published numbers are in YAML files of a folder.",
            "Name one, such as `--reported results/reported`.",
            path=folder,
        )
    return [row for path in sorted(folder.glob("*.yaml")) for row in _read(path)]


def _read(path: Path) -> list[ReportedRow]:
    """The rows of one file."""
    if path.stat().st_size > MAX_BYTES:
        raise _corrupt(path, f"it has more than {MAX_BYTES} bytes")
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
        return TypeAdapter(list[ReportedRow]).validate_python(data)
    except (ValidationError, yaml.YAMLError, ValueError, RecursionError) as error:
        reason = error.errors()[0]["msg"] if isinstance(error, ValidationError) else str(error).splitlines()[0]
        raise _corrupt(path, reason) from None


def _corrupt(path: Path, reason: str) -> CorruptDataError:
    """The error of a file that does not hold published rows."""
    return CorruptDataError(
        f"{path} does not hold published rows: {reason}.",
        f"Expected a list of mappings with {', '.join(ReportedRow.model_fields)}.",
        "Correct that field.",
        path=path,
    )
