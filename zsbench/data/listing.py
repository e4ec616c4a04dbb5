"""What tasks and corpora need, where it comes from, under which terms, and whether it is there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from zsbench.data.components import make_corpus, make_task
from zsbench.errors import ConfigError
from zsbench.interfaces import CorpusSpec, RequiredFile, Task, TaskSpec, TextCorpus
from zsbench.registry import Registry

__all__ = ["DataEntry", "list_data"]

Settings = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, kw_only=True)
class DataEntry:
    """One task or corpus and its files.

    Attributes:
        id: Of the task or corpus.
        kind: task or corpus.
        summary: What it is, in one line.
        source: Where its data come from.
        licence: Under which terms.
        examples: How many examples or texts the official data have.
        files: What it reads, by name; where it was found, or None.
        problem: Why it cannot be told what it reads, such as a setting that is missing; empty if it can.
    """

    id: str
    kind: str
    summary: str
    source: str = ""
    licence: str = ""
    examples: int | None = None
    files: Mapping[str, Path | None]
    problem: str = ""

    @property
    def complete(self) -> bool:
        """Whether every file was found."""
        return not self.problem and bool(self.files) and None not in self.files.values()

    @property
    def missing(self) -> list[str]:
        """Names of the files that were not found."""
        return [name for name, place in self.files.items() if place is None]


def list_data(registry: Registry, data_root: Path | None, settings: Settings) -> Iterator[DataEntry]:
    """Every task and corpus by id, tasks first; looks for files and opens none.

    Args:
        registry: Knows tasks and corpora.
        data_root: Where to look; None to look nowhere.
        settings: By id of a task or corpus that has some.
    """
    specs: list[TaskSpec | CorpusSpec] = [*registry.specs(TaskSpec), *registry.specs(CorpusSpec)]
    for spec in specs:
        try:
            yield _entry(spec, registry, data_root, settings.get(spec.id, {}))
        except ConfigError as error:
            yield DataEntry(id=spec.id, kind=spec.kind, summary=spec.summary, files={}, problem=error.found)
        except Exception as error:  # noqa: BLE001  one broken plugin must not hide what the others need
            problem = f"{type(error).__name__}: {error}"
            yield DataEntry(id=spec.id, kind=spec.kind, summary=spec.summary, files={}, problem=problem)


def _entry(
    spec: TaskSpec | CorpusSpec, registry: Registry, data_root: Path | None, settings: Mapping[str, Any]
) -> DataEntry:
    """One task or corpus."""
    make = make_task if isinstance(spec, TaskSpec) else make_corpus
    component = make(spec.id, registry, data_root or Path(), settings)
    card = component.card
    required = _required(component, data_root or Path())
    return DataEntry(
        id=spec.id,
        kind=spec.kind,
        summary=spec.summary,
        source=card.source if card else "",
        licence=card.licence if card else "",
        examples=_official_size(component),
        files={file.name: file.found if data_root else None for file in required},
    )


def _required(component: Task | TextCorpus, data_root: Path) -> Sequence[RequiredFile]:
    """What a component says it reads; without a word, its card's files, under the data root or a folder in it."""
    said = component.required_files()
    if said or component.card is None:
        return said
    folders = [data_root, *sorted(path for path in data_root.iterdir() if path.is_dir())] if data_root.is_dir() else []
    return [RequiredFile(name, tuple(folder / name for folder in folders)) for name in component.card.files]


def _official_size(component: Task | TextCorpus) -> int | None:
    """How many examples or texts the official data have."""
    if isinstance(component, Task):
        return component.card.examples
    return component.card.texts if component.card else None
