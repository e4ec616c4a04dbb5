"""Making tasks and corpora from their specs."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from zsbench.interfaces import CorpusSpec, Task, TaskSpec, TextCorpus
from zsbench.registry import Registry, build_config, load_object

__all__ = ["make_corpus", "make_task"]


def make_task(id_: str, registry: Registry, data_root: Path, settings: Mapping[str, Any]) -> Task:
    """A task under a data root; reads nothing yet.

    Raises:
        UnknownIdError: Nobody registered it.
        ConfigError: A setting is unknown, wrong or missing, or there are settings for a task that has none.
    """
    task: Task = _make(registry.get(TaskSpec, id_), data_root, settings)
    return task


def make_corpus(id_: str, registry: Registry, data_root: Path, settings: Mapping[str, Any]) -> TextCorpus:
    """A text corpus under a data root; reads nothing yet.

    Raises:
        UnknownIdError: Nobody registered it.
        ConfigError: A setting is unknown, wrong or missing, or there are settings for a corpus that has none.
    """
    corpus: TextCorpus = _make(registry.get(CorpusSpec, id_), data_root, settings)
    return corpus


def _make(spec: TaskSpec | CorpusSpec, data_root: Path, settings: Mapping[str, Any]) -> Any:
    """What a spec's factory makes, with its settings if the spec has a config."""
    factory = load_object(spec.factory)
    if spec.config is None and not settings:
        return factory(data_root)
    return factory(data_root, build_config(spec.config, settings, source=f"settings of {spec.kind} {spec.id}"))
