"""GQA, test-dev balanced: compositional questions about scenes, each with one right answer.

Source: Hudson and Manning 2019.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path

import msgspec

from zsbench.interfaces import Example, Task, TaskCard
from zsbench_tasks.cards import load_card
from zsbench_tasks.files import DataFile, locate_file
from zsbench_tasks.typed_json import FileKind, read_typed_json
from zsbench_tasks.vqa import group_ids

__all__ = ["GQA", "GqaQuestion", "GqaTask", "read_gqa"]

GQA = DataFile(
    name="testdev_balanced_questions.json",
    folder="gqa",
    layout="testdev_balanced_questions.json and the image folder images",
    origin="https://cs.stanford.edu/people/dorarad/gqa/download.html (questions1.2.zip and images.zip)",
)
KIND = FileKind(
    "a GQA questions file", "It maps each question id to question, imageId, answer and types.structural, among others."
)
IMAGE_ID = re.compile(r"[A-Za-z0-9_-]+")
OPEN = "query"
"""The structural type whose answers are open; the others are yes, no or one of two."""


class _Types(msgspec.Struct, gc=False):
    """What kind of question it is."""

    structural: str


class GqaQuestion(msgspec.Struct, gc=False, rename={"image": "imageId"}):
    """One question.

    Attributes:
        question: What is asked.
        image: The image file's stem.
        answer: What is right.
        types: Its ``structural`` type: verify, query, choose, logical or compare.
    """

    question: str
    image: str
    answer: str
    types: _Types


class GqaTask(Task):
    """The questions in file order, with one answer each; images lie in ``images`` beside the questions file.

    Groupings are ``answer_type`` (binary, open), as the official evaluation reports them, and ``structural_type``.

    Args:
        data_root: The folder of the data; nothing is read before first use.
    """

    def __init__(self, data_root: Path) -> None:
        self._data_root = data_root

    @cached_property
    def _card(self) -> TaskCard:
        return load_card("gqa-testdev-balanced")

    @cached_property
    def _path(self) -> Path:
        return locate_file(self._data_root, GQA)

    @cached_property
    def _asked(self) -> dict[str, GqaQuestion]:
        return read_gqa(self._path)

    @cached_property
    def _examples(self) -> tuple[Example, ...]:
        folder = self._path.parent / "images"
        stems = dict.fromkeys(asked.image for asked in self._asked.values())
        images = {stem: folder / f"{stem}.jpg" for stem in stems}
        return tuple(Example(id_, images[asked.image], asked.question.strip()) for id_, asked in self._asked.items())

    @cached_property
    def _groups(self) -> dict[str, dict[str, list[str]]]:
        types = [(asked.types.structural, id_) for id_, asked in self._asked.items()]
        return {
            "answer_type": group_ids([("open" if kind == OPEN else "binary", id_) for kind, id_ in types]),
            "structural_type": group_ids(types),
        }

    @cached_property
    def _content_hash(self) -> str:
        digest, encoder = hashlib.sha256(), msgspec.json.Encoder()
        for id_, asked in self._asked.items():
            digest.update(encoder.encode((id_, asked.question, asked.answer)) + b"\n")
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
        """Every question, in file order; whether its image exists is not looked at.

        Raises:
            MissingDataError: The questions file is not under the data root.
            CorruptDataError: It is not what it should be.
        """
        return self._examples

    def references(self) -> Mapping[str, Sequence[str]]:
        """The one right answer, by question id.

        Raises:
            MissingDataError: The questions file is not under the data root.
            CorruptDataError: It is not what it should be.
        """
        return {id_: (asked.answer,) for id_, asked in self._asked.items()}

    def groups(self) -> Mapping[str, Mapping[str, Sequence[str]]]:
        """Ids by answer type and by structural type."""
        return self._groups

    def official_results(self, predictions: Mapping[str, str]) -> Sequence[Mapping[str, str | int]]:
        """Rows ``{"questionId", "prediction"}``; ids are texts here."""
        return [{"questionId": id_, "prediction": answer} for id_, answer in predictions.items()]


def read_gqa(path: Path) -> dict[str, GqaQuestion]:
    """Read the questions by id, in file order; opens no image.

    Returns:
        At least one question.

    Raises:
        CorruptDataError: The file is truncated, not UTF-8 or of another shape, or has an empty question or answer or
            an image that is no plain name, or repeats an id; the question is named.
    """
    found = read_typed_json(path, dict[str, GqaQuestion], KIND)
    if not found:
        raise KIND.corrupt(path, "it has no question")
    _check_ids(path)
    for id_, asked in found.items():
        if not asked.question.strip() or not asked.answer.strip():
            raise KIND.corrupt(path, f"question {id_} has an empty question or answer")
        if not IMAGE_ID.fullmatch(asked.image):
            raise KIND.corrupt(path, f"question {id_} has the imageId {asked.image!r}, which is no plain name")
    return found


def _check_ids(path: Path) -> None:
    """Refuse a file that holds one id twice; in JSON the last would win in silence."""
    ids = json.loads(path.read_text(encoding="utf-8-sig"), object_pairs_hook=lambda pairs: [key for key, _ in pairs])
    if repeated := sorted(id_ for id_, count in Counter(ids).items() if count > 1):
        raise KIND.corrupt(path, f"question {repeated[0]} stands in it twice")
