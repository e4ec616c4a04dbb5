"""What a score stage writes, and how it is read."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zsbench.metrics.rows import row_key

if TYPE_CHECKING:
    from zsbench.components import TaskChoice
    from zsbench.interfaces.metric import NDArrayFloat

__all__ = [
    "STATISTICS",
    "VALUES",
    "find_images",
    "find_members",
    "iter_groups",
    "read_own_statistics",
    "read_scores",
    "read_stage_statistics",
    "read_values",
]

Groups = Mapping[str, Mapping[str, Sequence[str]]]
"""Ids by grouping and group."""

STATISTICS, VALUES = "statistics.safetensors", "values.safetensors"


def read_scores(folder: Path) -> Mapping[str, Any]:
    """What a score stage wrote about a cell: ids, metrics, descriptives and overlap with the training text."""
    data: Mapping[str, Any] = json.loads((folder / "scores.json").read_text(encoding="utf-8"))
    return data


def read_stage_statistics(folder: Path, groups: Groups) -> dict[str, NDArrayFloat]:
    """The statistics of every row of a score stage, by ``row_key``; those of groups are taken from the whole's."""
    arrays = _load(folder / STATISTICS)
    scores = read_scores(folder)
    index = {id_: place for place, id_ in enumerate(scores["ids"])}
    for row in scores["metrics"]:
        key = row_key(row["id"], row["grouping"], row["group"])
        if row["grouping"] is not None and key not in arrays and row["id"] in arrays:
            arrays[key] = arrays[row["id"]][[index[id_] for id_ in find_members(scores["ids"], groups, row)]]
    return arrays


def read_values(folder: Path) -> dict[str, NDArrayFloat]:
    """The value of each example under each metric that ran, rows in the order of the scored ids."""
    return _load(folder / VALUES)


def read_own_statistics(folder: Path) -> dict[str, NDArrayFloat]:
    """The statistics that a score stage keeps, as a record keeps them too."""
    return _load(folder / STATISTICS)


def find_members(ids: Sequence[str], groups: Groups, row: Mapping[str, Any]) -> Sequence[str]:
    """The scored examples of a row: all of them, or those of its group."""
    if row["grouping"] is None:
        return ids
    scored = set(ids)
    return [id_ for id_ in groups[row["grouping"]][row["group"]] if id_ in scored]


def find_images(task: TaskChoice) -> dict[str, str]:
    """The image of each question, for examples that share one are resampled together; empty for captions."""
    return {item.id: str(item.path) for item in task.items} if task.answers else {}


def _load(path: Path) -> dict[str, NDArrayFloat]:
    """The arrays of a safetensors file as float64."""
    from safetensors.numpy import load_file

    return {name: array.astype("float64") for name, array in load_file(path).items()}


def iter_groups(groups: Groups) -> Iterator[tuple[str, str, str]]:
    """Every (id, grouping, group)."""
    for grouping, found in groups.items():
        for group, ids in found.items():
            for id_ in ids:
                yield id_, grouping, group
