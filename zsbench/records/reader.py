"""Reads records, each file once, and refuses what is not what was written; ``writer`` tells where they lie.

Whatever a record holds, reading it ends in a record or in an error of the tree, and opens no file outside its folder.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from pydantic import ValidationError

from zsbench.errors import DataError
from zsbench.records.cell import CellRecord
from zsbench.records.checks import check_rows, check_scores
from zsbench.records.models import BaselineRecord, CellResult, HistoryRow, RunRecord, Sample
from zsbench.records.parsing import (
    BASELINE,
    HISTORY,
    OFFICIAL,
    RESULT,
    RUN,
    SAMPLES,
    STATISTICS,
    damaged_file,
    no_record,
    other_version,
    parse_samples,
    read_files,
    read_sealed,
    statistics_of,
    tell_field,
    unpack,
)

if TYPE_CHECKING:
    from zsbench.interfaces import Metric, NDArrayFloat

__all__ = [
    "MetricMaker",
    "find_baselines",
    "find_run",
    "read_baselines",
    "read_cell",
    "read_cells",
    "read_history",
    "read_result",
    "read_results",
    "read_run",
    "read_samples",
    "read_statistics",
]

MetricMaker = Callable[[str], "Metric"]
"""The metric behind an id; an error of the tree if it is not installed."""
Damaged = list[str]
"""One line for each record that was left out."""
SourceT = TypeVar("SourceT")
ReadT = TypeVar("ReadT")


def find_run(path: Path) -> Path:
    """The run folder behind a path; ``latest`` may be a text file where links are not allowed."""
    if path.is_file() and path.name == "latest":
        return path.parent / Path(path.read_text(encoding="utf-8").strip()).name
    return path


def find_baselines(path: Path) -> Path:
    """The folder of baselines of a results folder, or the path itself if it is one."""
    return path if path.name == "baselines" else path / "baselines"


def read_run(path: Path) -> RunRecord:
    """The ``run.json`` of a run.

    Raises:
        MissingDataError: It is no run folder.
        CorruptDataError: The record is damaged or of another version.
        HashMismatchError: It was changed after it was written.
    """
    folder = find_run(path)
    return read_sealed(folder / RUN, RunRecord, migrate=folder.parent)


def read_result(run: Path, cell: str) -> CellResult:
    """One cell's ``result.json``; raises as ``read_run`` does."""
    path = run / "cells" / cell / RESULT
    result = read_sealed(path, CellResult, migrate=run.parent)
    if result.name != cell:
        raise damaged_file(path, f"it names the cell {result.name!r}")
    return result


def read_results(run: Path) -> list[CellResult]:
    """Every cell's ``result.json`` of a run, in the order the run lists them; raises as ``read_run`` does."""
    folder = find_run(run)
    return [read_result(folder, name) for name in read_run(folder).cells]


def read_samples(run: Path, cell: str) -> list[Sample]:
    """One cell's samples, those with an error too; raises as ``read_run`` does."""
    return parse_samples(*read_files(run / "cells" / cell, read_result(run, cell), {SAMPLES: SAMPLES})[SAMPLES])


def read_statistics(run: Path, cell: str) -> dict[str, NDArrayFloat]:
    """The per-example statistics ``(n, k)`` of every metric and group that was scored, by ``row_key``.

    Rows are in the order of the cell's samples, without those that have an error.

    Raises:
        MissingDataError: The cell has no statistics.
        CorruptDataError: The record is damaged or of another version.
    """
    if STATISTICS not in read_result(run, cell).sha256:
        raise no_record(run / "cells" / cell / STATISTICS)
    return dict(read_cell(run, cell).statistics)


def read_cell(run: Path, cell: str, make_metric: MetricMaker | None = None) -> CellRecord:
    """One cell of a run, checked.

    Args:
        run: A run folder.
        cell: The cell's name.
        make_metric: Makes a metric from its id, to see that scores are those of the statistics; None to trust them.

    Raises:
        MissingDataError: It is no run folder, or a file of the cell is missing.
        CorruptDataError: The record is damaged or of another version.
        HashMismatchError: A file was changed after it was written.
    """
    return _read_cell(find_run(run), read_run(run), cell, make_metric)


def read_cells(run: Path, make_metric: MetricMaker | None = None, damaged: Damaged | None = None) -> list[CellRecord]:
    """Every cell of a run, checked; raises as ``read_cell`` does.

    Args:
        run: A run folder.
        make_metric: As for ``read_cell``.
        damaged: Takes one line for each cell that cannot be read, which is then left out; None to raise.
    """
    folder, record = find_run(run), read_run(run)
    return list(_iter_sound(record.cells, lambda name: _read_cell(folder, record, name, make_metric), damaged))


def read_baselines(
    path: Path, make_metric: MetricMaker | None = None, damaged: Damaged | None = None
) -> list[CellRecord]:
    """The baseline of every cell, oldest first; empty if there is none.

    Args:
        path: A results folder, or its ``baselines``.
        make_metric: As for ``read_cell``.
        damaged: As for ``read_cells``.

    Raises:
        CorruptDataError: A baseline is damaged or of another version.
        HashMismatchError: A file was changed after it was written.
    """
    root = find_baselines(path)
    folders = sorted(folder for folder in root.glob("*") if folder.is_dir() and not folder.name.startswith("."))
    cells = _iter_sound(folders, lambda folder: _read_baseline(folder, make_metric), damaged)
    return sorted(cells, key=lambda cell: (cell.started, cell.revision))


def read_history(results: Path, damaged: Damaged | None = None) -> list[HistoryRow]:
    """The scores of every baseline that was written, oldest first; empty without a history.

    Args:
        results: The results folder.
        damaged: Takes one line if the history cannot be read; None to raise.

    Raises:
        CorruptDataError: A line is damaged.
    """
    path = results / HISTORY
    lines = path.read_bytes().splitlines() if path.is_file() else []

    def read(line: bytes) -> HistoryRow:
        try:
            return HistoryRow.model_validate_json(line, strict=True)
        except ValidationError as error:
            raise damaged_file(path, tell_field(error)) from None

    return list(_iter_sound(lines, read, damaged))


def _iter_sound(
    sources: Sequence[SourceT], read: Callable[[SourceT], ReadT], damaged: Damaged | None
) -> Iterator[ReadT]:
    """What could be read; a line for each that could not."""
    for source in sources:
        try:
            yield read(source)
        except DataError as error:
            if damaged is None:
                raise
            damaged.append(" ".join(f"Left out: {error}".split()))


def _read_cell(folder: Path, run: RunRecord, name: str, make_metric: MetricMaker | None) -> CellRecord:
    """One cell of a run whose ``run.json`` was read."""
    place = folder / "cells" / name
    if place.is_symlink() or place.parent.is_symlink():
        raise damaged_file(place, "it is a link")
    result = read_result(folder, name)
    files = read_files(place, result, {name: name for name in (SAMPLES, STATISTICS, OFFICIAL)})
    samples = parse_samples(*files[SAMPLES])
    record = CellRecord(
        result=result,
        samples=tuple(sample for sample in samples if sample.error is None),
        statistics=statistics_of(files, result, samples),
        place=place,
        revision=run.provenance.revision,
        started=run.started,
        run=run.origin,
    )
    return _checked(record, make_metric)


def _read_baseline(folder: Path, make_metric: MetricMaker | None) -> CellRecord:
    """One baseline."""
    if not (folder / BASELINE).exists() and any(folder.glob(f"*/{BASELINE}")):
        raise other_version(folder, 1, folder.parent.parent)
    note = read_sealed(folder / BASELINE, BaselineRecord, migrate=folder.parent.parent)
    if note.result.name != folder.name:
        raise damaged_file(folder / BASELINE, f"it names the cell {note.result.name!r}")
    packed = read_files(folder, note, {name: f"{name}.gz" for name in (SAMPLES, STATISTICS)})
    files = {name: (path, unpack(path, content)) for name, (path, content) in packed.items()}
    samples = parse_samples(*files[SAMPLES])
    record = CellRecord(
        result=note.result,
        samples=samples,
        statistics=statistics_of(files, note.result, samples),
        place=folder,
        revision=note.revision,
        started=note.started,
        run=note.run,
    )
    return _checked(record, make_metric)


def _checked(record: CellRecord, make_metric: MetricMaker | None) -> CellRecord:
    """A record whose files fit together."""
    check_rows(record)
    if make_metric is not None:
        check_scores(record, make_metric)
    return record
