"""The two sides of a comparison: systems, each with the scores of its seeds on one task."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zsbench.errors import ConfigError, MissingDataError
from zsbench.judgement.failures import tell_failed_comparison
from zsbench.metrics.rows import metric_row, row_key, select_statistics
from zsbench.records import CellIdentity, CellRecord, CellResult, Sample, find_run, read_cell, read_cells, read_run
from zsbench.records.models import MetricRow
from zsbench.records.reader import MetricMaker

if TYPE_CHECKING:
    from zsbench.interfaces import NDArrayFloat
    from zsbench.rescoring import ScoredFile

__all__ = ["CellScores", "System", "load_run_systems", "pair_systems", "scored_system"]

_IDENTITY = ("captioner", "variant", "gap_model", "corpus", "route")


@dataclass(frozen=True, eq=False)
class CellScores:
    """One seed of a system on one task.

    Attributes:
        seed: Its seed.
        predictions: By id of the scored examples, in the order of the statistics' rows.
        images: The image of each question.
        rows: What a record keeps of each metric and group that ran, by ``row_key``.
        not_run: Why a metric was not run, by its title.
        statistics: ``(N, k)`` by ``row_key``.
        members: Ids of each group, in the order of its rows, by ``row_key``; the whole is not there.
        labels: What a reader must know of the scores.
    """

    seed: int
    predictions: Mapping[str, str]
    images: Mapping[str, str]
    rows: Mapping[str, Mapping[str, Any]]
    not_run: Mapping[str, str]
    statistics: Mapping[str, NDArrayFloat]
    members: Mapping[str, Sequence[str]] = field(default_factory=dict)
    labels: Sequence[str] = ()

    def ids(self, key: str) -> Sequence[str]:
        """The examples of a row, in the order of its statistics."""
        return self.members.get(key) or list(self.predictions)


@dataclass(frozen=True, eq=False)
class System:
    """What is compared.

    Attributes:
        name: What people call it.
        task: The task's id.
        title: The task's title.
        main_metric: The metric that decides.
        cells: One a seed, in order of seed.
    """

    name: str
    task: str
    title: str
    main_metric: str
    cells: Sequence[CellScores]


def load_run_systems(place: Path, make_metric: MetricMaker | None = None) -> list[System]:
    """The systems of a run that were scored, its seeds together; or the one of a cell, for ``RUN/CELL``.

    Args:
        place: A run or a cell of one.
        make_metric: Makes a metric from its id, to see that scores are those of the statistics; None to trust them.

    Raises:
        ConfigError: No cell of the run was scored.
        MissingDataError: There is no such run or cell.
        CorruptDataError: A record is damaged.
    """
    cells = [cell for cell in _read(_follow_latest(place), make_metric) if not cell.failed]
    if not cells:
        raise ConfigError(
            f"No cell of {place} was scored.",
            "A comparison needs scores.",
            "Look at its run.json for the reasons, and run it again.",
            key="run",
        )
    systems: dict[tuple[str, str], list[CellRecord]] = {}
    for cell in cells:
        systems.setdefault((_system_name(cell.result.cell), cell.task), []).append(cell)
    return [_system(name, task, own) for (name, task), own in systems.items()]


def scored_system(scored: ScoredFile) -> System:
    """A prediction file that was scored, as a system."""
    every = [metric_row(result) for result in scored.results]
    keys = {row_key(result.metric, result.grouping, result.group): result for result in scored.results}
    statistics = select_statistics(scored.results, {metric.id for metric in scored.metrics})
    cell = CellScores(
        seed=0,
        predictions=scored.predictions,
        images={id_: image for id_, image in scored.target.clusters.items() if id_ in scored.predictions},
        rows={_key(row): row for row in every if not row["not_run"]},
        not_run={row["title"]: row["not_run"] for row in every if row["not_run"]},
        statistics=statistics,
        members={key: list(result.ids) for key, result in keys.items() if result.grouping is not None},
        labels=scored.labels,
    )
    card = scored.card
    return System(scored.file.path.stem, card.id, card.title, card.main_metric, [cell])


def pair_systems(first: Sequence[System], second: Sequence[System]) -> tuple[list[tuple[System, System]], list[str]]:
    """What is compared with what: the same name on the same task, or the only system on a task with the only other.

    Returns:
        The pairs, and what has no partner, in words.

    Raises:
        ConfigError: Nothing has a partner.
    """
    pairs: list[tuple[System, System]] = []
    alone: list[str] = []
    for task in dict.fromkeys(system.task for system in (*first, *second)):
        ours = {system.name: system for system in first if system.task == task}
        theirs = {system.name: system for system in second if system.task == task}
        if len(ours) == 1 == len(theirs):
            pairs.append((next(iter(ours.values())), next(iter(theirs.values()))))
            continue
        pairs += [(ours[name], theirs[name]) for name in ours if name in theirs]
        alone += [f"{name} on {task} is only in A" for name in ours if name not in theirs]
        alone += [f"{name} on {task} is only in B" for name in theirs if name not in ours]
    if not pairs:
        raise ConfigError(
            f"Nothing can be compared: {'; '.join(alone)}.",
            "Both sides have the same system on the same task, or one system each on one task.",
            "Name one cell of each: `zsbench compare RUN/CELL RUN/CELL`.",
            key="run",
        )
    return pairs, alone


def _read(place: Path, make_metric: MetricMaker | None) -> list[CellRecord]:
    """The cells that are meant."""
    if (place / "run.json").is_file():
        return read_cells(place, make_metric)
    for run in (place.parent, place.parent.parent):
        if (run / "run.json").is_file() and (run / "cells" / place.name).is_dir():
            return [read_cell(run, place.name, make_metric)]
    nearest = next((folder for folder in (place, place.parent) if (folder / "run.json").is_file()), None)
    known = f" Its cells: {', '.join(read_run(nearest).cells)}." if nearest else ""
    raise MissingDataError(
        f"There is no run and no cell {place}.{known}",
        "Expected a folder with run.json, a cell of one, or a file of predictions.",
        "Name one, such as results/latest or results/latest/CELL.",
        path=place,
    )


def _follow_latest(place: Path) -> Path:
    """The run that ``latest`` names where it is a text file instead of a link."""
    parent = find_run(place.parent)
    return find_run(place) if parent == place.parent else parent / place.name


def _system_name(cell: CellIdentity) -> str:
    """A cell's name without its task and seed."""
    return " ".join(str(value) for key in _IDENTITY if (value := getattr(cell, key)))


def _system(name: str, task: str, cells: Sequence[CellRecord]) -> System:
    """One system from the records of its seeds."""
    result = cells[0].result
    ordered = sorted((_scores(cell) for cell in cells), key=lambda scores: scores.seed)
    return System(name, task, result.task_title, result.main_metric, ordered)


def _scores(cell: CellRecord) -> CellScores:
    """What a run recorded of one cell."""
    result = cell.result
    shown = {None, result.headline_grouping, *result.groupings}
    rows = [row for row in result.metrics if row.grouping in shown]
    return CellScores(
        seed=result.cell.seed,
        predictions=cell.predictions,
        images={sample.id: sample.image for sample in cell.samples if sample.image is not None},
        rows={row.key: row.model_dump() for row in rows if not row.not_run},
        not_run={row.title: row.not_run for row in rows if row.not_run},
        statistics=cell.statistics,
        members=_members(cell.samples, rows),
        labels=(*result.labels, *_tell_failed(result)),
    )


def _tell_failed(result: CellResult) -> list[str]:
    """What is said of a cell whose comparison in its own run failed."""
    reason = tell_failed_comparison(result)
    return [f"its comparison with the run's baseline failed: {reason}"] if reason else []


def _members(samples: Sequence[Sample], rows: Sequence[MetricRow]) -> dict[str, list[str]]:
    """The examples of each row of a group."""
    groups: dict[tuple[str | None, str | None], list[str]] = {}
    for sample in samples:
        for part in sample.groups.items():
            groups.setdefault(part, []).append(sample.id)
    return {row.key: groups.get((row.grouping, row.group), []) for row in rows if row.grouping is not None}


def _key(row: Mapping[str, Any]) -> str:
    """A row's key."""
    return row_key(row["id"], row["grouping"], row["group"])
