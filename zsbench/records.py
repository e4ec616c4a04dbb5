"""Result files: what a run leaves for people, tables and gates.

::

    results/<run>/
        run.json                     plan, matrix, provenance, durations
        cells/<cell>/result.json     scores with uncertainty and signature, differences to the baseline
        cells/<cell>/samples.jsonl   per example: id, prediction, candidates, value of each metric
        tables/comparison.md         the table
    results/latest                   the newest run

Every file carries ``schema_version``; see ``docs/records.md``.
"""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from zsbench.errors import CorruptDataError, MissingDataError
from zsbench.store import write_text

__all__ = ["SCHEMA_VERSION", "RunFolder", "read_results"]

SCHEMA_VERSION = 1


class RunFolder:
    """One run's folder under the results folder."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @classmethod
    def create(cls, results: Path, name: str) -> RunFolder:
        """A fresh folder named by time and matrix."""
        stamp = time.strftime("%Y%m%d-%H%M%S")
        for attempt in range(1000):
            path = results / (f"{stamp}-{name}" + (f"-{attempt}" if attempt else ""))
            with contextlib.suppress(FileExistsError):
                path.mkdir(parents=True)
                return cls(path)
        raise MissingDataError(
            f"No new folder could be made in {results}.",
            "A run writes to a folder of its own.",
            "Choose another place: `--output DIR`.",
            path=results,
        )

    def write_run(self, record: Mapping[str, Any]) -> None:
        """Write ``run.json``."""
        _write_json(self.path / "run.json", record)

    def write_cell(self, name: str, result: Mapping[str, Any], samples: Iterable[Mapping[str, Any]]) -> None:
        """Write one cell's ``result.json`` and ``samples.jsonl``."""
        folder = self.path / "cells" / name
        folder.mkdir(parents=True, exist_ok=True)
        lines = (json.dumps(sample, ensure_ascii=False, separators=(",", ":")) + "\n" for sample in samples)
        write_text(folder / "samples.jsonl", "".join(lines))
        _write_json(folder / "result.json", result)

    def write_table(self, name: str, text: str) -> Path:
        """Write a table; its path."""
        folder = self.path / "tables"
        folder.mkdir(exist_ok=True)
        write_text(folder / name, text)
        return folder / name

    def mark_latest(self) -> None:
        """Let ``latest`` beside the run point at it: a link, or a text file where links are not allowed."""
        latest = self.path.parent / "latest"
        temporary = latest.with_name(f"latest.{os.getpid()}.tmp")
        try:
            temporary.symlink_to(self.path.name)
        except OSError:
            temporary.write_text(self.path.name + "\n", encoding="utf-8")
        temporary.replace(latest)


def read_results(run: Path) -> list[dict[str, Any]]:
    """Every cell's ``result.json`` of a run, in the order the run lists them.

    Raises:
        MissingDataError: It is no run folder.
        CorruptDataError: A record is not JSON or of another schema.
    """
    record = _read_json(run / "run.json")
    return [_read_json(run / "cells" / name / "result.json") for name in record["cells"]]


def _write_json(path: Path, record: Mapping[str, Any]) -> None:
    """Write a record with its schema version."""
    text = json.dumps({"schema_version": SCHEMA_VERSION, **record}, indent=1, ensure_ascii=False)
    write_text(path, text + "\n")


def _read_json(path: Path) -> dict[str, Any]:
    """Read a record and check its schema version."""
    try:
        record: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise MissingDataError(
            f"There is no {path}.",
            "A run folder holds run.json and cells.",
            "Name a folder that `zsbench run` wrote, such as results/latest.",
            path=path,
        ) from None
    except ValueError as error:
        raise CorruptDataError(
            f"{path} is not JSON: {error}.", "zsbench wrote it as JSON.", "Run again to write a new record.", path=path
        ) from None
    if record.get("schema_version") != SCHEMA_VERSION:
        raise CorruptDataError(
            f"{path} has schema version {record.get('schema_version')!r}.",
            f"This zsbench reads version {SCHEMA_VERSION}.",
            "Run again to write a new record.",
            path=path,
        )
    return record
