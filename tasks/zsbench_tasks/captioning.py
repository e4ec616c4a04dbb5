"""A captioning task over images with captions, wherever these are read from."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Protocol

from zsbench.interfaces import Example, RequiredFile, Task, TaskCard
from zsbench_tasks.cards import load_card

__all__ = ["CaptionSource", "CaptionedImage", "CaptioningTask"]


@dataclass(frozen=True, slots=True)
class CaptionedImage:
    """One image and what people said of it.

    Attributes:
        id: Unique within the task.
        path: The image file; whether it is there is not looked at.
        captions: None empty.
        group: Its group, in a data set that has groups.
    """

    id: str
    path: Path
    captions: tuple[str, ...]
    group: str = ""


class CaptionSource(Protocol):
    """Where the images and captions of a task are read from."""

    def load_images(self) -> Sequence[CaptionedImage]:
        """Every image of the split, in file order."""

    def required_files(self) -> Sequence[RequiredFile]:
        """What is read, and where it may lie."""

    def iter_problems(self) -> Iterator[str]:
        """What a thorough look finds beside what reading refuses."""


class CaptioningTask(Task):
    """Images in file order, with every human caption as a reference.

    Args:
        card_id: The card.
        source: Gives images and captions; nothing is read before first use.
    """

    def __init__(self, card_id: str, source: CaptionSource) -> None:
        self._card_id = card_id
        self._source = source

    @cached_property
    def _card(self) -> TaskCard:
        return load_card(self._card_id)

    @cached_property
    def _images(self) -> tuple[CaptionedImage, ...]:
        return tuple(self._source.load_images())

    @cached_property
    def _examples(self) -> tuple[Example, ...]:
        return tuple(Example(image.id, image.path) for image in self._images)

    @cached_property
    def _content_hash(self) -> str:
        digest = hashlib.sha256()
        for image in self._images:
            digest.update(json.dumps([image.id, *image.captions], ensure_ascii=False).encode() + b"\n")
        return digest.hexdigest()

    @property
    def card(self) -> TaskCard:
        """The task's facts."""
        return self._card

    @property
    def content_hash(self) -> str:
        """SHA-256 over ids and references, in order."""
        return self._content_hash

    def examples(self) -> Sequence[Example]:
        """Every image of the split, in file order; whether its file exists is not looked at.

        Raises:
            MissingDataError: An annotation file is not under the data root.
            CorruptDataError: It is not what it should be.
        """
        return self._examples

    def references(self) -> Mapping[str, Sequence[str]]:
        """The human captions, by example id.

        Raises:
            MissingDataError: An annotation file is not under the data root.
            CorruptDataError: It is not what it should be.
        """
        return {image.id: image.captions for image in self._images}

    def groups(self) -> Mapping[str, Mapping[str, Sequence[str]]]:
        """The groups of the card's one grouping, in the card's order; a group without an image is left out."""
        parts: dict[str, dict[str, list[str]]] = {}
        for grouping, official in self.card.group_examples.items():
            members = {group: [image.id for image in self._images if image.group == group] for group in official}
            parts[grouping] = {group: ids for group, ids in members.items() if ids}
        return parts

    def required_files(self) -> Sequence[RequiredFile]:
        """The annotation file and the image folder."""
        return self._source.required_files()

    def iter_problems(self) -> Iterator[str]:
        """What the source finds, such as images of this split in another one."""
        return self._source.iter_problems()
