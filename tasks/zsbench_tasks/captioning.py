"""A captioning task over one Karpathy split."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path

from zsbench.interfaces import Example, Task, TaskCard
from zsbench_tasks.cards import load_card
from zsbench_tasks.files import DataFile, locate_file
from zsbench_tasks.karpathy import KarpathyImage, read_karpathy

__all__ = ["KarpathyTask"]


class KarpathyTask(Task):
    """The images of one split, in file order, with every human caption as a reference.

    Args:
        data_root: The folder of the data; nothing is read before first use.
        card_id: The card; its ``split`` says which images.
        source: The split file.
        image_folder: Folder of an image whose entry names none.
    """

    def __init__(self, data_root: Path, *, card_id: str, source: DataFile, image_folder: str) -> None:
        self._data_root = data_root
        self._card_id = card_id
        self._source = source
        self._image_folder = image_folder

    @cached_property
    def _card(self) -> TaskCard:
        return load_card(self._card_id)

    @cached_property
    def _path(self) -> Path:
        return locate_file(self._data_root, self._source)

    @cached_property
    def _images(self) -> tuple[KarpathyImage, ...]:
        return tuple(read_karpathy(self._path, splits=(self._card.split,)))

    @cached_property
    def _examples(self) -> tuple[Example, ...]:
        root = self._path.parent
        return tuple(
            Example(image.id, root / (image.folder or self._image_folder) / image.filename) for image in self._images
        )

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
            MissingDataError: The split file is not under the data root.
            CorruptDataError: It is not a sound Karpathy split file.
        """
        return self._examples

    def references(self) -> Mapping[str, Sequence[str]]:
        """The human captions, by example id.

        Raises:
            MissingDataError: The split file is not under the data root.
            CorruptDataError: It is not a sound Karpathy split file.
        """
        return {image.id: image.captions for image in self._images}
