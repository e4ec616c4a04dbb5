"""The data that a matrix names, resolved: corpora, tasks and references with the content that identifies them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any, Protocol

from zsbench.data import make_corpus, make_task
from zsbench.errors import MissingDataError, PluginContractError
from zsbench.fingerprints import FileHashes
from zsbench.interfaces import Example, Task, TaskSpec, TextCorpus
from zsbench.registry import Registry

__all__ = ["CorpusChoice", "DataPlace", "Item", "ReferenceTexts", "TaskChoice", "TextSource"]


@dataclass(frozen=True)
class DataPlace:
    """Where data lie and how they are looked at.

    Attributes:
        root: The data root.
        hashes: Of files.
        strict: Whether a missing image is an error.
    """

    root: Path
    hashes: FileHashes
    strict: bool = False


class TextSource(Protocol):
    """Texts that an encoder encodes: a corpus, or the references of a task."""

    @property
    def label(self) -> str:
        """What people read."""

    @property
    def texts(self) -> Sequence[str]:
        """Every text, in a fixed order."""

    @property
    def content(self) -> str:
        """SHA-256 of the texts, in order."""


class CorpusChoice:
    """A text corpus under a data root."""

    def __init__(self, id_: str, registry: Registry, data_root: Path, settings: Mapping[str, Any]) -> None:
        self.id = self.label = id_
        self.corpus: TextCorpus = make_corpus(id_, registry, data_root, settings)

    @cached_property
    def texts(self) -> Sequence[str]:
        """Every text."""
        return self.corpus.texts()

    @cached_property
    def content(self) -> str:
        """SHA-256 of the texts, in order."""
        return _hash_texts(self.texts)


@dataclass(frozen=True)
class Item:
    """One thing to caption or answer.

    Attributes:
        id: The example, or the image where images are captioned for their questions.
        row: Row of its image in the task's image features.
        path: The image file.
        question: What is asked; None to caption.
    """

    id: str
    row: int
    path: Path
    question: str | None = None


class TaskChoice:
    """A task under a data root, cut to the first examples where a limit says so."""

    def __init__(
        self,
        id_: str,
        registry: Registry,
        place: DataPlace,
        *,
        limit: int | None,
        settings: Mapping[str, Any] = MappingProxyType({}),
    ) -> None:
        self.id = id_
        self.limit = limit
        self.task: Task = make_task(id_, registry, place.root, settings)
        self.owner = registry.owner(TaskSpec, id_)
        self._root = place.root
        self._hashes = place.hashes
        self._strict = place.strict

    @property
    def answers(self) -> bool:
        """Whether the task asks questions."""
        return self.task.card.kind == "question-answering"

    @cached_property
    def examples(self) -> Sequence[Example]:
        """The examples to run on.

        Raises:
            PluginContractError: Their ids are not the same in two passes, or not unique.
        """
        examples = self.task.examples()
        ids = [example.id for example in examples]
        if ids != [example.id for example in self.task.examples()] or len(set(ids)) != len(ids):
            raise PluginContractError(
                f"The ids of task {self.id!r} are not the same in two passes, or not unique.",
                "Examples have stable, unique ids in a fixed order.",
                f"Correct plugin {self.owner.plugin!r} ({self.owner.origin}): `zsbench plugins check {self.id}`.",
                plugin=self.owner.plugin,
                distribution=self.owner.distribution,
            )
        return examples[: self.limit]

    @cached_property
    def ids(self) -> list[str]:
        """Their ids."""
        return [example.id for example in self.examples]

    @cached_property
    def items(self) -> Sequence[Item]:
        """Every example with the row of its image."""
        rows = {path: row for row, path in enumerate(self.image_files)}
        return [Item(example.id, rows[example.image], example.image, example.question) for example in self.examples]

    @cached_property
    def image_items(self) -> Sequence[Item]:
        """Every image once, to be captioned; its id is the file's stem where examples share images."""
        if len(self.image_files) == len(self.examples):
            return [Item(example.id, row, example.image) for row, example in enumerate(self.examples)]
        return [Item(path.stem, row, path) for row, path in enumerate(self.image_files)]

    @cached_property
    def image_files(self) -> Sequence[Path]:
        """Every image file once, in the order of the examples."""
        return list(dict.fromkeys(example.image for example in self.examples))

    @cached_property
    def missing(self) -> frozenset[Path]:
        """The image files that are not there."""
        return frozenset(path for path in self.image_files if not path.is_file())

    @cached_property
    def questions(self) -> str | None:
        """SHA-256 of the questions, in order; None for a captioning task."""
        return _hash_texts([example.question or "" for example in self.examples]) if self.answers else None

    @cached_property
    def images(self) -> str:
        """SHA-256 over the bytes of the image files, in order; one that is missing counts as missing.

        Raises:
            MissingDataError: No image is there, or one is not and the matrix says `fail_on_error`.
        """
        self.check_images()
        digest = hashlib.sha256()
        for path in self.image_files:
            content = "missing" if path in self.missing else self._hashes.hash_file(path)
            digest.update(f"{content}\n".encode())
        return digest.hexdigest()

    def check_images(self) -> None:
        """Refuse to go on where no image is there, or one is not and the matrix says `fail_on_error`.

        Raises:
            MissingDataError: The images are missing; their number and the first are told.
        """
        if self.missing and (self._strict or len(self.missing) == len(self.image_files)):
            first = min(self.missing)
            raise MissingDataError(
                f"{len(self.missing)} of {len(self.image_files)} images of {self.id} are missing, first {first}.",
                f"Task {self.id} needs: {', '.join(self.task.card.files)}.",
                f"Check the data root; `zsbench data verify {self.id} --data-root {self._root}` lists them.",
                path=first,
            )


class ReferenceTexts:
    """The reference captions of a task's examples, each after a prompt, as texts to encode."""

    def __init__(self, task: TaskChoice, prompt: str = "") -> None:
        self.task = task
        self.prompt = prompt
        self.label = f"references of {task.id}"

    @cached_property
    def counts(self) -> Sequence[int]:
        """How many references each example has."""
        references = self.task.task.references()
        return [len(references[id_]) for id_ in self.task.ids]

    @cached_property
    def texts(self) -> Sequence[str]:
        """The references of the first example, of the second, and so on."""
        references = self.task.task.references()
        return [self.prompt + " ".join(text.split()) for id_ in self.task.ids for text in references[id_]]

    @cached_property
    def content(self) -> str:
        """SHA-256 of the texts, in order."""
        return _hash_texts(self.texts)


def _hash_texts(texts: Sequence[str]) -> str:
    """SHA-256 of texts, in order."""
    digest = hashlib.sha256()
    for text in texts:
        digest.update(text.encode("utf-8", "surrogatepass") + b"\n")
    return digest.hexdigest()
