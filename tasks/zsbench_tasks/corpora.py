"""Text corpora: captions to train on, without their images."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property, partial
from pathlib import Path

from zsbench.interfaces import CorpusCard, RequiredFile, TextCorpus
from zsbench_tasks.cards import load_corpus_card
from zsbench_tasks.coco import COCO
from zsbench_tasks.files import DataFile, locate_file
from zsbench_tasks.flickr30k import FLICKR30K
from zsbench_tasks.karpathy import read_karpathy

__all__ = ["CardedCorpus", "coco_karpathy_train", "flickr30k_karpathy_train"]


class CardedCorpus(TextCorpus):
    """The texts that a function reads, with a card.

    Args:
        card_id: The card.
        required: The files that are read, and where they may lie.
        read: Reads the texts; called on first use.
    """

    def __init__(self, card_id: str, required: Sequence[RequiredFile], read: Callable[[], Iterable[str]]) -> None:
        self._card_id = card_id
        self._required = tuple(required)
        self._read = read

    @cached_property
    def _card(self) -> CorpusCard:
        return load_corpus_card(self._card_id)

    @cached_property
    def _texts(self) -> tuple[str, ...]:
        return tuple(self._read())

    @property
    def card(self) -> CorpusCard:
        """The corpus's facts."""
        return self._card

    def required_files(self) -> Sequence[RequiredFile]:
        """The files that are read."""
        return self._required

    def texts(self) -> Sequence[str]:
        """Every text on one line, runs of white space as one space; repeated texts stay.

        Raises:
            MissingDataError: A file is not under the data root.
            CorruptDataError: A file is not what it should be.
        """
        return self._texts


def coco_karpathy_train(data_root: Path) -> TextCorpus:
    """The corpus ``coco-karpathy-train``: splits train and restval; reads nothing yet."""
    return _karpathy(data_root, "coco-karpathy-train", COCO, ("train", "restval"))


def flickr30k_karpathy_train(data_root: Path) -> TextCorpus:
    """The corpus ``flickr30k-karpathy-train``; reads nothing yet."""
    return _karpathy(data_root, "flickr30k-karpathy-train", FLICKR30K, ("train",))


def _karpathy(data_root: Path, id_: str, file: DataFile, splits: tuple[str, ...]) -> TextCorpus:
    """The captions of some splits of a Karpathy file."""
    return CardedCorpus(id_, [file.required(data_root)], partial(_read_captions, data_root, file, splits))


def _read_captions(data_root: Path, file: DataFile, splits: tuple[str, ...]) -> Iterator[str]:
    """Every caption of some splits, in file order."""
    for image in read_karpathy(locate_file(data_root, file), splits=splits):
        for caption in image.captions:
            yield " ".join(caption.split())
