"""Writes records: run folders, baselines and their history.

::

    results/<run>/
        run.json                             plan, matrix, provenance, durations
        cells/<cell>/result.json             scores with uncertainty and signature, checksums of the files beside it
        cells/<cell>/samples.jsonl           per example: id, prediction, candidates, value of each metric
        cells/<cell>/statistics.safetensors  per example: the sufficient statistics of each metric
        cells/<cell>/official.json           the predictions in the form of the data set's own evaluation
        tables/comparison.md                 the full comparison, and as .tex, .html and .csv
    results/latest                           the newest run
    results/baselines/<cell>/                baseline.json, samples.jsonl.gz, statistics.safetensors.gz
    results/history.jsonl                    the scores of every baseline that was ever written

Of a setting that names a file or folder of this machine the last part is kept, here and nowhere else.
"""

from __future__ import annotations

import contextlib
import gzip
import json
import os
import shutil
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import TYPE_CHECKING, Any, TypeVar

from zsbench.errors import ConfigError, CorruptDataError, MissingDataError
from zsbench.files import write_bytes, write_text
from zsbench.records.cell import CellRecord
from zsbench.records.models import BaselineRecord, CellResult, HistoryRow, RunRecord, Sample
from zsbench.records.parsing import BASELINE, HISTORY, OFFICIAL, RESULT, RUN, SAMPLES, STATISTICS
from zsbench.records.reader import find_baselines, read_history
from zsbench.records.record import Record, Sealed
from zsbench.records.seal import hash_bytes, seal_document
from zsbench.records.statistics import pack_statistics

if TYPE_CHECKING:
    from zsbench.interfaces import NDArrayFloat

__all__ = ["BASELINE_LIMIT", "RunFolder", "tell_history", "write_baselines", "write_history", "write_sealed"]

BASELINE_LIMIT = 300_000
"""A baseline of one cell has no more bytes than this."""

SealedT = TypeVar("SealedT", bound=Sealed)


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

    def write_run(self, record: RunRecord) -> RunRecord:
        """Write ``run.json``; what was written."""
        return write_sealed(self.path / RUN, record)

    def write_cell(
        self,
        result: CellResult,
        samples: Iterable[Sample],
        statistics: Mapping[str, NDArrayFloat] | None = None,
        official: Sequence[Mapping[str, str | int]] = (),
    ) -> CellResult:
        """Write one cell's result and samples, its statistics and official rows if it has some; the sealed result."""
        folder = self.path / "cells" / result.name
        folder.mkdir(parents=True, exist_ok=True)
        files = {SAMPLES: _dump_samples(samples)}
        if statistics:
            from zsbench.metrics.rows import narrow  # numpy is needed here only

            files[STATISTICS] = _dump_arrays({name: narrow(array) for name, array in statistics.items()})
        if official:
            files[OFFICIAL] = (json.dumps(list(official), ensure_ascii=False) + "\n").encode()
        for name, content in files.items():
            write_bytes(folder / name, content)
        return write_sealed(folder / RESULT, result, files)

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


def write_baselines(cells: Sequence[CellRecord], results: Path, *, revision: str = "") -> list[Path]:
    """Write a baseline of every cell that did not fail, in the place of the one it has, and add it to the history.

    Args:
        cells: Of a run.
        results: The results folder; baselines go to ``baselines`` in it.
        revision: What to call the record; what names the code of the run if empty.

    Raises:
        ConfigError: The revision is no name, or stands for uncommitted changes.
        CorruptDataError: A baseline would be too large; nothing is written.
    """
    root = find_baselines(results)
    chosen = [(cell, _check_revision(revision or cell.revision)) for cell in cells if not cell.failed]
    packed = [(cell, name, _pack_baseline(cell)) for cell, name in chosen]
    written = [_write_baseline(cell, root / cell.name, name, files) for cell, name, files in packed]
    if written:
        write_history(root.parent, [tell_history(cell, name) for cell, name in chosen])
    return written


def tell_history(cell: CellRecord, revision: str) -> HistoryRow:
    """What the history keeps of a baseline."""
    rows = [row for row in cell.result.metrics if row.grouping is None and row.score is not None]
    main = next((row.signature for row in rows if row.id == cell.result.main_metric), "")
    scores = {row.id: (row.score, row.low, row.high) for row in rows if row.score is not None}
    return HistoryRow(cell=cell.name, revision=revision, started=cell.started, signature=main, scores=scores)


def write_history(results: Path, rows: Sequence[HistoryRow]) -> None:
    """Add rows to the history, oldest first; a revision of a cell stands once."""
    found = {(row.cell, row.revision): row for row in (*read_history(results), *rows)}
    ordered = sorted(found.values(), key=lambda row: (row.started, row.cell, row.revision))
    write_bytes(results / HISTORY, b"".join(_dump_line(row) for row in ordered))


def _dump_samples(samples: Iterable[Sample]) -> bytes:
    """Samples as JSON Lines; every digit of a number is kept, what says nothing is left out."""
    return b"".join(_dump_line(sample) for sample in samples)


def _dump_line(record: Record) -> bytes:
    """A record as one line."""
    content = record.model_dump(exclude_defaults=True)
    return (json.dumps(content, ensure_ascii=False, separators=(",", ":")) + "\n").encode()


def write_sealed(path: Path, record: SealedT, files: Mapping[str, bytes] | None = None) -> SealedT:
    """Write a file that tells the checksums of others and its own; what was written."""
    checksums = {name: hash_bytes(content) for name, content in (files or {}).items()}
    document = _cut_paths({**json.loads(record.model_dump_json()), "sha256": checksums})
    document["seal"] = seal_document(document)
    write_text(path, json.dumps(document, indent=1, ensure_ascii=False) + "\n")
    return type(record).model_validate(document)


def _cut_paths(document: dict[str, Any]) -> dict[str, Any]:
    """A document whose settings name files by their last part; what else it says stays as it is."""
    parts = ("config", "matrix", "provenance", "run")
    cut: dict[str, Any] = {key: _cut(document[key]) for key in parts if key in document}
    if "matrix" in cut and cut["matrix"]["data_root"] != document["matrix"]["data_root"]:
        cut["matrix"]["data_root"] = f".../{cut['matrix']['data_root']}"  # never taken for the id of a data root
    command = cut.get("provenance", {}).get("command", [])
    cut |= {"provenance": {**cut["provenance"], "command": [_cut_argument(one) for one in command]}} if command else {}
    return {**document, **cut}


def _cut_argument(argument: str) -> str:
    """An argument of the command line, such as ``--set KEY=PATH``, with a path cut to its last part."""
    name, equals, value = argument.partition("=")
    return f"{name}{equals}{_cut(value)}"


def _cut(value: Any) -> Any:
    """A value with paths of this machine cut to their last part."""
    if isinstance(value, dict):
        return {key: _cut(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_cut(inner) for inner in value]
    if not isinstance(value, str) or "\n" in value:
        return value
    for kind in (PurePosixPath, PureWindowsPath):
        if kind(value).is_absolute() or value.startswith("~/"):
            return kind(value).name or value
    return value


def _check_revision(revision: str) -> str:
    """A name that stands for one state of the code."""
    plain = revision.replace("-", "").replace("_", "").replace(".", "").replace("+", "")
    if not plain.isalnum() or revision.startswith(".") or "-dirty" in revision:
        raise ConfigError(
            f"{revision!r} cannot be the revision of a baseline.",
            "Expected letters, digits and . - _ +, and a state of the code that can be found again.",
            "Commit your change and run again, or name the revision: `--revision NAME`.",
            key="revision",
        )
    return revision


def _pack_baseline(cell: CellRecord) -> dict[str, bytes]:
    """The compressed files of a baseline."""
    kept = [sample.model_copy(update={"candidates": (), "chosen": None, "metrics": {}}) for sample in cell.samples]
    files = {
        f"{SAMPLES}.gz": _pack(_dump_samples(kept)),
        f"{STATISTICS}.gz": _pack(_dump_arrays(pack_statistics(cell.result.metrics, cell.samples, cell.statistics))),
    }
    size = sum(map(len, files.values())) + len(cell.result.model_dump_json())
    if size > BASELINE_LIMIT:
        raise CorruptDataError(
            f"The baseline of {cell.name} would have {size // 1000} kB.",
            f"A committed baseline has at most {BASELINE_LIMIT // 1000} kB.",
            "Take it from a run with fewer examples (`zsbench run --limit 1000`), or gate against a run folder.",
            path=cell.place,
        )
    return files


def _write_baseline(cell: CellRecord, target: Path, revision: str, files: Mapping[str, bytes]) -> Path:
    """Write one baseline whole or not at all, in the place of the one that is there."""
    partial, old = (target.with_name(f".{target.name}.{word}") for word in ("new", "old"))
    for folder in (partial, old):
        shutil.rmtree(folder, ignore_errors=True)
    partial.mkdir(parents=True)
    for name, content in files.items():
        (partial / name).write_bytes(content)
    record = BaselineRecord(revision=revision, started=cell.started, run=cell.run, result=cell.result)
    write_sealed(partial / BASELINE, record, files)
    if target.exists():
        target.rename(old)
    partial.rename(target)
    shutil.rmtree(old, ignore_errors=True)
    return target


def _dump_arrays(arrays: Mapping[str, Any]) -> bytes:
    """Arrays as safetensors."""
    from safetensors.numpy import save  # numpy is needed here only

    return bytes(save(dict(arrays)))


def _pack(content: bytes) -> bytes:
    """Compressed, the same bytes for the same content."""
    return gzip.compress(content, compresslevel=9, mtime=0)
