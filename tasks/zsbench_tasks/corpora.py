"""Text corpora: captions to train on, without their images."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

from zsbench.interfaces import TextCorpus
from zsbench_tasks.coco import COCO
from zsbench_tasks.files import DataFile, locate_file
from zsbench_tasks.karpathy import read_karpathy

__all__ = ["KarpathyCorpus", "coco_karpathy_train"]


class KarpathyCorpus(TextCorpus):
    """Every caption of some splits of a Karpathy file, in file order.

    Args:
        data_root: The folder of the data; nothing is read before first use.
        source: The split file.
        splits: The splits whose captions are taken.
    """

    def __init__(self, data_root: Path, *, source: DataFile, splits: tuple[str, ...]) -> None:
        self._data_root = data_root
        self._source = source
        self._splits = splits

    @cached_property
    def _texts(self) -> tuple[str, ...]:
        images = read_karpathy(locate_file(self._data_root, self._source), splits=self._splits)
        return tuple(" ".join(caption.split()) for image in images for caption in image.captions)

    def texts(self) -> Sequence[str]:
        """Every caption on one line, runs of white space as one space; repeated captions stay.

        Raises:
            MissingDataError: The split file is not under the data root.
            CorruptDataError: It is not a sound Karpathy split file.
        """
        return self._texts


def coco_karpathy_train(data_root: Path) -> TextCorpus:
    """The corpus ``coco-karpathy-train``: splits train and restval; reads nothing yet."""
    return KarpathyCorpus(data_root, source=COCO, splits=("train", "restval"))
