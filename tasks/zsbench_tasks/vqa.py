"""Visual question answering on COCO's val2014 images: VQAv2 and OK-VQA, in their official files.

Source: Goyal et al. 2017 (VQAv2); Marino et al. 2019 (OK-VQA).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import msgspec

from zsbench.interfaces import Example, Task, TaskCard
from zsbench_tasks.cards import load_card
from zsbench_tasks.files import DataFile, locate_file
from zsbench_tasks.vqa_files import ANSWER_TYPES, AskedQuestion, read_vqa

__all__ = ["OKVQA", "VQAV2", "VqaFiles", "VqaTask", "find_folder", "group_ids", "okvqa_val", "vqav2_val"]

IMAGES = "val2014"


@dataclass(frozen=True)
class VqaFiles:
    """The two files of a data set.

    Attributes:
        questions: What is asked.
        annotations: What ten people answered.
        stemmed: Whether answers are stemmed and have a raw form beside them, as in OK-VQA.
    """

    questions: DataFile
    annotations: DataFile
    stemmed: bool = False


def _files(questions: str, annotations: str, folder: str, origin: str, *, stemmed: bool = False) -> VqaFiles:
    """The two files of a data set in one folder."""
    layout = f"{questions} and {annotations}; the images are COCO's {IMAGES}"
    names = (questions, annotations)
    first, second = (DataFile(name=name, folder=folder, layout=layout, origin=origin) for name in names)
    return VqaFiles(first, second, stemmed)


VQAV2 = _files(
    "v2_OpenEnded_mscoco_val2014_questions.json",
    "v2_mscoco_val2014_annotations.json",
    "vqa",
    "https://visualqa.org/download.html (balanced real images)",
)
OKVQA = _files(
    "OpenEnded_mscoco_val2014_questions.json",
    "mscoco_val2014_annotations.json",
    "okvqa",
    "https://okvqa.allenai.org/download.html (testing questions and annotations)",
    stemmed=True,
)


class VqaTask(Task):
    """Questions about COCO images, in file order, with ten human answers each.

    Groupings are ``answer_type`` and ``question_type``.

    Args:
        data_root: The folder of the data; nothing is read before first use.
        card_id: The card.
        files: The official files.
    """

    def __init__(self, data_root: Path, *, card_id: str, files: VqaFiles) -> None:
        self._data_root = data_root
        self._card_id = card_id
        self._files = files

    @cached_property
    def _card(self) -> TaskCard:
        return load_card(self._card_id)

    @cached_property
    def _asked(self) -> list[AskedQuestion]:
        questions = locate_file(self._data_root, self._files.questions)
        annotations = locate_file(self._data_root, self._files.annotations)
        return read_vqa(questions, annotations, stemmed=self._files.stemmed)

    @cached_property
    def _examples(self) -> tuple[Example, ...]:
        folder = find_folder(self._data_root, IMAGES, (self._files.questions.folder, "coco"))
        numbers = dict.fromkeys(asked.image for asked in self._asked)
        images = {number: folder / f"COCO_val2014_{number:012d}.jpg" for number in numbers}
        return tuple(Example(asked.id, images[asked.image], asked.text) for asked in self._asked)

    @cached_property
    def _references(self) -> dict[str, tuple[str, ...]]:
        return {asked.id: asked.answers for asked in self._asked}

    @cached_property
    def _groups(self) -> dict[str, dict[str, list[str]]]:
        return {
            "answer_type": group_ids([(asked.answer_type, asked.id) for asked in self._asked], ANSWER_TYPES),
            "question_type": group_ids([(asked.question_type, asked.id) for asked in self._asked]),
        }

    @cached_property
    def _content_hash(self) -> str:
        digest, encoder = hashlib.sha256(), msgspec.json.Encoder()
        for asked in self._asked:
            digest.update(encoder.encode((asked.id, asked.text, asked.answers)) + b"\n")
        return digest.hexdigest()

    @property
    def card(self) -> TaskCard:
        """The task's facts."""
        return self._card

    @property
    def content_hash(self) -> str:
        """SHA-256 over ids, questions and answers, in order."""
        return self._content_hash

    def examples(self) -> Sequence[Example]:
        """Every question, in the order of the questions file; whether its image exists is not looked at.

        Raises:
            MissingDataError: A file is not under the data root.
            CorruptDataError: A file is not what it should be.
        """
        return self._examples

    def references(self) -> Mapping[str, Sequence[str]]:
        """The ten human answers, by question id.

        Raises:
            MissingDataError: A file is not under the data root.
            CorruptDataError: A file is not what it should be.
        """
        return self._references

    def groups(self) -> Mapping[str, Mapping[str, Sequence[str]]]:
        """Ids by answer type, in the official order, and by question type, in alphabetical order."""
        return self._groups


def find_folder(data_root: Path, name: str, folders: Sequence[str]) -> Path:
    """A folder directly under the data root, or in one of some folders there; the first found wins.

    If there is none, the first place: each image in it is missing then, and is reported as such.
    """
    places = [data_root / name, *(data_root / folder / name for folder in folders)]
    return next((place for place in places if place.is_dir()), places[0])


def group_ids(pairs: Sequence[tuple[str, str]], order: Sequence[str] = ()) -> dict[str, list[str]]:
    """Ids by group: groups in the order given, others after them by name; none is empty."""
    found: dict[str, list[str]] = {}
    for group, id_ in pairs:
        found.setdefault(group, []).append(id_)
    rest = sorted(group for group in found if group not in order)
    return {group: found[group] for group in (*order, *rest) if group in found}


def vqav2_val(data_root: Path) -> Task:
    """The task ``vqav2-val``; reads nothing yet."""
    return VqaTask(data_root, card_id="vqav2-val", files=VQAV2)


def okvqa_val(data_root: Path) -> Task:
    """The task ``okvqa-val``; reads nothing yet."""
    return VqaTask(data_root, card_id="okvqa-val", files=OKVQA)
