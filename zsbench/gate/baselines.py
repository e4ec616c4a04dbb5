"""The baseline that a run is judged against."""

from __future__ import annotations

from pathlib import Path

from zsbench.errors import MissingDataError
from zsbench.records import CellRecord, find_run, read_baselines, read_cells
from zsbench.records.parsing import RUN
from zsbench.records.reader import MetricMaker

__all__ = ["find_baseline"]


def find_baseline(path: Path, make_metric: MetricMaker | None = None) -> list[CellRecord]:
    """The baseline of every cell, or the cells of a run folder.

    Args:
        path: A results folder, its ``baselines``, or a run folder.
        make_metric: Makes a metric from its id, to see that scores are those of the statistics; None to trust them.

    Raises:
        MissingDataError: There is no baseline.
        CorruptDataError: A record is damaged or of another version.
        HashMismatchError: A file was changed after it was written.
    """
    if (find_run(path) / RUN).is_file():
        return read_cells(path, make_metric)
    found = read_baselines(path, make_metric)
    if not found:
        raise MissingDataError(
            f"{path} holds no baseline.",
            "A baseline is a folder baselines/<cell> or a run folder.",
            f"Write one from a run you trust: `zsbench gate results/latest --baseline {path} --update-baseline`.",
            path=path,
        )
    return found
