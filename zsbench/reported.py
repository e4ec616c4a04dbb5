"""Published numbers: what others reported, each with its source; shown beside measured rows and never mixed with them.

A file of reported rows is untrusted text: safe YAML, a size limit, no code.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import Field, ValidationError, field_validator, model_validator

from zsbench.errors import CorruptDataError, MissingDataError
from zsbench.interfaces.records import Frozen

__all__ = ["ReportedRow", "ReportedSource", "read_reported", "read_reported_file"]

MAX_BYTES = 1_000_000
KEBAB = r"^[a-z0-9]+(-[a-z0-9]+)*$"

SourceKind = Literal["readme", "paper", "issue", "rescored"]
"""How a number became known: an authors' README, a paper, a thread with its authors, or published captions scored."""


class ReportedSource(Frozen):
    """Where numbers come from."""

    title: str = Field(min_length=1, description="what people call it, such as `ViECap README`")
    kind: SourceKind = Field(description="readme, paper, issue, or rescored (published captions scored again)")
    where: str = Field(min_length=1, description="where it can be looked up: an address, or repository and commit")
    read: date = Field(description="when it was read there")
    notes: str = Field(default="", description="what is worth knowing of all its numbers")


class _Fields(Frozen):
    """What is told of one method on one task, but for the source."""

    method: str = Field(min_length=1, description="as its authors call it, variant included")
    task: str = Field(pattern=KEBAB, description="id of a task")
    corpus: str | None = Field(
        pattern=KEBAB, description="id of the text corpus that was trained on or read; null without one"
    )
    grouping: str | None = Field(default=None, description="such as domain, for the score of a group")
    group: str | None = Field(default=None, description="such as in-domain")
    scores: Mapping[str, float] = Field(
        min_length=1, description="by id of a metric, as printed: CIDEr, BLEU and others times 100"
    )
    table: str = Field(min_length=1, description="table, section or page in the source")
    backbone: str | None = Field(default=None, description="image-text encoder; null where the source does not say")
    language_model: str | None = Field(default=None, description="language model; null where the source does not say")
    run_by: str = Field(min_length=1, description="whose run it is: the method's authors, or who else ran it")
    notes: str = Field(default="", description="what sets this number apart")

    @field_validator("scores")
    @classmethod
    def _in_range(cls, scores: Mapping[str, float]) -> Mapping[str, float]:
        """Refuse what cannot be a printed score."""
        wrong = [f"{metric}: {score}" for metric, score in scores.items() if not 0 <= score <= 300]  # noqa: PLR2004  CIDEr may pass 100
        if wrong:
            raise ValueError(f"no printed score: {', '.join(wrong)}")
        return scores

    @model_validator(mode="after")
    def _whole_group(self) -> _Fields:
        """A grouping has a group, and a group a grouping."""
        if (self.grouping is None) != (self.group is None):
            raise ValueError("grouping and group stand together")
        return self


class ReportedRow(_Fields):
    """One method on one task, or on a group of it, with its source."""

    source: ReportedSource = Field(description="where the numbers come from")


class _File(Frozen):
    """One source and its rows."""

    source: ReportedSource
    rows: tuple[_Fields, ...] = Field(min_length=1)


def read_reported(folder: Path) -> tuple[ReportedRow, ...]:
    """Every row of every YAML file of a folder: files by name, rows in their order.

    Raises:
        MissingDataError: There is no such folder.
        CorruptDataError: A file is not a source with its rows; the field is named.
    """
    if not folder.is_dir():
        raise MissingDataError(
            f"There is no folder {str(folder)!r}.",
            "Reported rows are YAML files in one folder, one a source.",
            "Name the folder `results/reported` of a checkout, or make one.",
            path=folder,
        )
    return tuple(row for path in sorted(folder.glob("*.yaml")) for row in read_reported_file(path))


def read_reported_file(path: Path) -> tuple[ReportedRow, ...]:
    """The rows of one source, in their order.

    Raises:
        CorruptDataError: It is too large, not YAML, lacks a field, has an unknown one, or tells one thing twice.
    """
    try:
        content = _File.model_validate(_parse(path))
    except ValidationError as error:
        raise _corrupt(path, _first_problem(error)) from None
    rows = tuple(ReportedRow(**dict(row), source=content.source) for row in content.rows)
    seen: dict[tuple[object, ...], int] = {}
    for number, row in enumerate(rows):
        for metric in row.scores:
            key = (row.method, row.task, row.corpus, row.grouping, row.group, metric)
            if seen.setdefault(key, number) != number:
                raise _corrupt(path, f"rows[{number}] tells {metric} of {row.method} on {row.task} again")
    return rows


def _parse(path: Path) -> Any:
    """The YAML value in a file, within the size limit."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise _corrupt(path, f"it has {path.stat().st_size} bytes, at most {MAX_BYTES} are read")
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise _corrupt(path, f"it cannot be read, {error.strerror}") from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise _corrupt(path, str(error).splitlines()[0]) from None


def _first_problem(error: ValidationError) -> str:
    """The first of the things pydantic found, with its key."""
    problem = error.errors()[0]
    key = ".".join(str(part) for part in problem["loc"]) or "the whole"
    return f"{key}: {problem['msg']}"


def _corrupt(path: Path, what: str) -> CorruptDataError:
    """The error of a file that does not hold reported rows."""
    return CorruptDataError(
        f"{str(path)!r} does not hold reported rows: {what}.",
        "It is a YAML mapping with a `source` and its `rows`; every number has a source.",
        "Correct that field; docs/reported.md tells them all.",
        path=path,
    )
