"""The task behind a record, opened again: its images, questions and references."""

from __future__ import annotations

from pathlib import Path

from zsbench.components import DataPlace, TaskChoice
from zsbench.data_roots import find_data_root
from zsbench.fingerprints import FileHashes
from zsbench.interfaces import DataRootSpec, Task
from zsbench.records import CellRecord
from zsbench.registry import Registry

__all__ = ["open_task"]


def open_task(evidence: CellRecord, registry: Registry, cache: Path, *, data_root: str = "") -> Task:
    """The task that a record was made on.

    Args:
        evidence: The record; no path that it holds is opened, and no setting of its task is used.
        registry: Knows tasks and data roots.
        cache: Where data written on demand go.
        data_root: A folder or an id, from the command line; empty for the record's, if that is a registered id.

    Raises:
        UnknownIdError: No installed plugin has the task.
        ConfigError: The caller names no data root, and the record no registered one.
        MissingDataError: The data root is not on this machine.
    """
    told = evidence.run.matrix.data_root
    known = told if told in registry.ids(DataRootSpec) else None
    root = find_data_root(data_root or known, registry, cache)
    return TaskChoice(evidence.task, registry, DataPlace(root, FileHashes(cache)), limit=None, settings={}).task
