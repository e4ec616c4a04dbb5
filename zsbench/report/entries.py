"""Every record of a results folder, and what of them belongs together."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from pathlib import Path

from zsbench.errors import DataError
from zsbench.records import CellRecord, read_baselines, read_cells
from zsbench.records.parsing import RUN
from zsbench.records.reader import MetricMaker

__all__ = ["Entry", "group_by_task", "name_file", "newest_entries", "read_entries"]

_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")


@dataclass(frozen=True, eq=False)
class Entry:
    """One cell's record, and the run that it belongs to.

    Attributes:
        evidence: The record.
        run: What the run is called.
    """

    evidence: CellRecord
    run: str

    @cached_property
    def label(self) -> str:
        """What people call the system within its task."""
        cell = self.evidence.result.cell
        extras = [cell.gap_model, cell.variant, cell.route]
        return " ".join([cell.captioner, *(f"· {extra}" for extra in extras if extra)])

    @property
    def run_file(self) -> str:
        """File name of the run's page."""
        return name_file(self.run)

    @property
    def system(self) -> tuple[str, ...]:
        """Task, captioner and whatever else but the seed makes it what it is."""
        cell = self.evidence.result.cell
        keys = ("task", "captioner", "gap_model", "corpus", "variant", "route")
        return tuple(str(getattr(cell, key) or "") for key in keys)


def read_entries(results: Path, make_metric: MetricMaker, damaged: list[str]) -> list[Entry]:
    """Every baseline and every run of a results folder that can be read, oldest first.

    Args:
        results: The results folder.
        make_metric: Makes a metric from its id, to see that scores are those of the statistics.
        damaged: Takes one line for each record that is left out.
    """
    entries = [Entry(cell, _baseline_run(cell)) for cell in read_baselines(results, make_metric, damaged)]
    for record in sorted(results.glob(f"*/{RUN}")):
        if record.parent.is_symlink():
            continue
        try:
            entries += [Entry(cell, record.parent.name) for cell in read_cells(record.parent, make_metric, damaged)]
        except DataError as error:
            damaged.append(" ".join(f"Left out: {error}".split()))
    return sorted(entries, key=lambda entry: entry.evidence.started)


def _baseline_run(cell: CellRecord) -> str:
    """The run that a baseline was taken from: its revision and the time it began."""
    return f"{cell.revision} ({cell.started})" if cell.started else cell.revision


def newest_entries(entries: Iterable[Entry]) -> list[Entry]:
    """The newest record of every cell."""
    return list({entry.evidence.name: entry for entry in entries}.values())


def group_by_task(entries: Iterable[Entry]) -> Mapping[str, Sequence[Entry]]:
    """Entries by task id, in order of appearance."""
    tasks: dict[str, list[Entry]] = {}
    for entry in entries:
        tasks.setdefault(entry.evidence.task, []).append(entry)
    return tasks


def name_file(name: str) -> str:
    """A file name that is one plain name on every system, and another one for another name."""
    plain = _UNSAFE.sub("-", name).strip("-.")[:80]
    return plain if plain == name else f"{plain}-{sha256(name.encode('utf-8', 'replace')).hexdigest()[:8]}"
