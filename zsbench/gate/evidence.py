"""What a gate or a leaderboard knows of one cell, wherever its record lies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zsbench.errors import CorruptDataError
from zsbench.metrics.rows import row_key
from zsbench.records import STATISTICS, group_members, read_results, read_run, read_samples, read_statistics

if TYPE_CHECKING:
    from zsbench.interfaces import NDArrayFloat

__all__ = ["Evidence", "check_statistics_rows", "find_run", "read_run_evidence"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Evidence:
    """One cell's record.

    Attributes:
        result: The ``result.json``.
        samples: Rows of ``samples.jsonl`` that have a prediction, in order.
        statistics: ``(n, k)`` per-example statistics by ``row_key``; rows as the samples, or the group's of them.
        place: Where the record lies, for messages.
        revision: What the record's code is called; empty if nothing says.
        started: When the run began, ISO 8601, UTC.
        run: The rest of ``run.json``: matrix and provenance.
    """

    result: Mapping[str, Any]
    samples: Sequence[Mapping[str, Any]]
    statistics: Mapping[str, NDArrayFloat]
    place: Path
    revision: str = ""
    started: str = ""
    run: Mapping[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The cell's name, by which records of several runs belong together."""
        return str(self.result["name"])

    @property
    def task(self) -> str:
        """The task's id."""
        return str(self.result["cell"]["task"])

    @property
    def captioner(self) -> str:
        """The captioner's id."""
        return str(self.result["cell"]["captioner"])

    @property
    def matrix(self) -> str:
        """Name of the matrix that the cell was run by; empty if nothing says."""
        return str((self.run.get("matrix") or {}).get("name") or "")

    @property
    def failed(self) -> bool:
        """Whether the cell failed, so that it has no scores."""
        return bool(self.result["status"] == "failed")

    @cached_property
    def rows(self) -> Mapping[str, Mapping[str, Any]]:
        """The metric rows of the result, by ``row_key``."""
        return {row_key(row["id"], row["grouping"], row["group"]): row for row in self.result["metrics"]}

    @cached_property
    def predictions(self) -> Mapping[str, str]:
        """Predictions by id."""
        return {str(sample["id"]): str(sample["prediction"]) for sample in self.samples}

    def member_ids(self, key: str) -> list[str]:
        """The ids behind the rows of one array of statistics."""
        row = self.rows[key]
        if row["grouping"] is None:
            return list(self.predictions)
        ids = list(self.predictions)
        return [ids[index] for index in group_members(self.samples, row["grouping"], row["group"])]


def find_run(path: Path) -> Path:
    """The run folder behind a path; ``latest`` may be a text file where links are not allowed."""
    if path.is_file() and path.name == "latest":
        return path.parent / path.read_text(encoding="utf-8").strip()
    return path


def read_run_evidence(path: Path) -> list[Evidence]:
    """Every cell of a run.

    Raises:
        MissingDataError: It is no run folder, or a file of a cell is missing.
        CorruptDataError: A file is not what a run writes.
    """
    folder = find_run(path)
    run = read_run(folder)
    return [_read_cell(folder, run, result) for result in read_results(folder)]


def _read_cell(folder: Path, run: Mapping[str, Any], result: Mapping[str, Any]) -> Evidence:
    """One cell of a run."""
    name = result["name"]
    place = folder / "cells" / name
    samples = [sample for sample in read_samples(folder, name) if "prediction" in sample and "error" not in sample]
    known = {key: value for key, value in run.items() if key in {"matrix", "provenance"}}
    scored = any(row["score"] is not None for row in result["metrics"])
    statistics = _read_statistics(folder, name) if scored else {}
    evidence = Evidence(
        result=result,
        samples=samples,
        statistics=statistics,
        place=place,
        revision=_revision(run),
        started=str(run.get("started", "")),
        run=known,
    )
    check_statistics_rows(evidence)
    return evidence


def _read_statistics(folder: Path, name: str) -> Mapping[str, NDArrayFloat]:
    """A cell's statistics; a broken file is an error of the tree."""
    from safetensors import SafetensorError

    try:
        return read_statistics(folder, name)
    except (SafetensorError, ValueError, IndexError) as error:
        raise CorruptDataError(
            f"{folder / 'cells' / name / STATISTICS} cannot be read: {error}.",
            "A run writes it whole.",
            "Run again to write a new record.",
            path=folder / "cells" / name / STATISTICS,
        ) from None


def _revision(run: Mapping[str, Any]) -> str:
    """Twelve digits of the commit and a mark for local changes, or the version of zsbench."""
    provenance = run.get("provenance") or {}
    if git := provenance.get("git"):
        return str(git["commit"])[:12] + ("-dirty" if git["dirty"] else "")
    return str((provenance.get("packages") or {}).get("zsbench") or "")


def check_statistics_rows(evidence: Evidence) -> None:
    """Refuse a record whose statistics are not one row an example.

    Raises:
        CorruptDataError: Samples and statistics do not fit together: one of the files was cut or edited.
    """
    for key, array in evidence.statistics.items():
        expected = len(evidence.member_ids(key)) if key in evidence.rows else len(array)
        if len(array) != expected:
            raise CorruptDataError(
                f"{evidence.place} has {len(array)} rows of statistics of {key} for {expected} samples.",
                "A record has one row for each sample; a file of it was cut or edited.",
                "Run again to write a new record, or restore the committed one: `git checkout -- results`.",
                path=evidence.place,
            )
