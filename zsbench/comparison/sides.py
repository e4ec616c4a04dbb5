"""The two sides of a comparison: systems, each with the scores of its seeds on one task."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zsbench.errors import ConfigError, MissingDataError
from zsbench.judgement.failures import tell_failed_comparison
from zsbench.metrics.rows import metric_row, row_key, select_statistics
from zsbench.records import read_result, read_run, read_samples, read_statistics

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


def load_run_systems(place: Path) -> list[System]:
    """The systems of a run that were scored, its seeds together; or the one of a cell, for ``RUN/CELL``.

    Raises:
        ConfigError: No cell of the run was scored.
        MissingDataError: There is no such run or cell.
        CorruptDataError: A record is damaged.
    """
    run, names = _find_cells(_follow_latest(place))
    results = [result for name in names if (result := read_result(run, name))["status"] == "done"]
    if not results:
        raise ConfigError(
            f"No cell of {place} was scored.",
            "A comparison needs scores.",
            "Look at its run.json for the reasons, and run it again.",
            key="run",
        )
    systems: dict[tuple[str, str], list[tuple[Mapping[str, Any], CellScores]]] = {}
    for result in results:
        key = (_system_name(result["cell"]), str(result["cell"]["task"]))
        systems.setdefault(key, []).append((result, _read_cell(run, result)))
    return [_system(name, task, cells) for (name, task), cells in systems.items()]


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


def _find_cells(place: Path) -> tuple[Path, list[str]]:
    """The run's folder and the names of the cells that are meant."""
    if (place / "run.json").is_file():
        return place, list(read_run(place)["cells"])
    for run in (place.parent, place.parent.parent):
        if (run / "run.json").is_file() and (run / "cells" / place.name).is_dir():
            return run, [place.name]
    nearest = next((folder for folder in (place, place.parent) if (folder / "run.json").is_file()), None)
    known = f" Its cells: {', '.join(read_run(nearest)['cells'])}." if nearest else ""
    raise MissingDataError(
        f"There is no run and no cell {place}.{known}",
        "Expected a folder with run.json, a cell of one, or a file of predictions.",
        "Name one, such as results/latest or results/latest/CELL.",
        path=place,
    )


def _follow_latest(place: Path) -> Path:
    """The run that ``latest`` names where it is a text file instead of a link."""
    for pointer in (place, place.parent):
        if pointer.name == "latest" and pointer.is_file():
            run = pointer.with_name(pointer.read_text(encoding="utf-8").strip())
            return run if pointer is place else run / place.name
    return place


def _system_name(cell: Mapping[str, Any]) -> str:
    """A cell's name without its task and seed."""
    return " ".join(str(cell[key]) for key in _IDENTITY if cell.get(key))


def _system(name: str, task: str, cells: Sequence[tuple[Mapping[str, Any], CellScores]]) -> System:
    """One system from the records of its seeds."""
    result = cells[0][0]
    ordered = sorted((scores for _, scores in cells), key=lambda scores: scores.seed)
    return System(name, task, str(result["task_title"]), str(result["main_metric"]), ordered)


def _read_cell(run: Path, result: Mapping[str, Any]) -> CellScores:
    """What a run recorded of one cell."""
    name = str(result["name"])
    samples = [sample for sample in read_samples(run, name) if "error" not in sample]
    shown = {None, result["headline_grouping"], *result["groupings"]}
    rows = [row for row in result["metrics"] if row["grouping"] in shown]
    return CellScores(
        seed=int(result["cell"]["seed"]),
        predictions={sample["id"]: sample["prediction"] for sample in samples},
        images={sample["id"]: sample["image"] for sample in samples if "image" in sample},
        rows={_key(row): row for row in rows if not row["not_run"]},
        not_run={row["title"]: row["not_run"] for row in rows if row["not_run"]},
        statistics=read_statistics(run, name),
        members=_members(samples, rows),
        labels=(*result.get("labels", ()), *_tell_failed(result)),
    )


def _tell_failed(result: Mapping[str, Any]) -> list[str]:
    """What is said of a cell whose comparison in its own run failed."""
    reason = tell_failed_comparison(result)
    return [f"its comparison with the run's baseline failed: {reason}"] if reason else []


def _members(samples: Sequence[Mapping[str, Any]], rows: Sequence[Mapping[str, Any]]) -> dict[str, list[str]]:
    """The examples of each row of a group."""
    groups: dict[tuple[str, str], list[str]] = {}
    for sample in samples:
        for grouping, group in sample.get("groups", {}).items():
            groups.setdefault((grouping, group), []).append(sample["id"])
    grouped = [row for row in rows if row["grouping"] is not None]
    return {_key(row): groups.get((row["grouping"], row["group"]), []) for row in grouped}


def _key(row: Mapping[str, Any]) -> str:
    """A row's key."""
    return row_key(row["id"], row["grouping"], row["group"])
