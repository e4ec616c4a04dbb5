"""The task behind a record, opened again: its images, questions and references."""

from __future__ import annotations

from pathlib import Path

from zsbench.components import DataPlace, TaskChoice
from zsbench.data_roots import find_data_root
from zsbench.fingerprints import FileHashes
from zsbench.gate.evidence import Evidence
from zsbench.interfaces import Task
from zsbench.registry import Registry

__all__ = ["open_task"]


def open_task(evidence: Evidence, registry: Registry, cache: Path, *, data_root: str = "") -> Task:
    """The task that a record was made on.

    Args:
        evidence: The record; its matrix names data root and settings.
        registry: Knows tasks and data roots.
        cache: Where data written on demand go.
        data_root: A folder or an id instead of the record's.

    Raises:
        UnknownIdError: No installed plugin has the task.
        ConfigError: Neither record nor caller names a data root.
        MissingDataError: The data root is not on this machine.
    """
    matrix = evidence.run.get("matrix") or {}
    root = find_data_root(data_root or matrix.get("data_root"), registry, cache)
    settings = (matrix.get("task_settings") or {}).get(evidence.task, {})
    return TaskChoice(evidence.task, registry, DataPlace(root, FileHashes(cache)), limit=None, settings=settings).task
