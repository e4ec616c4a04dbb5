"""Parser of the official VQA files: questions and annotations, as VQAv2 and OK-VQA have them.

Source: Antol et al. 2015 and Goyal et al. 2017 (VQA), Marino et al. 2019 (OK-VQA); the files' format.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Literal, TypeVar

import msgspec

from zsbench_tasks.typed_json import FileKind, read_typed_json

__all__ = ["ANSWER_TYPES", "AskedQuestion", "read_vqa"]

ANSWER_TYPES = ("yes/no", "number", "other")
HUMANS = 10
SHOWN = 5
QUESTIONS = FileKind("a VQA questions file", "Each of its `questions` has question_id, image_id and question.")
ANNOTATIONS = FileKind(
    "a VQA annotations file",
    "Each of its `annotations` has question_id, image_id, question_type, answer_type and ten answers.",
)
EntryT = TypeVar("EntryT", "_Question", "_Annotation")


class AskedQuestion(msgspec.Struct, frozen=True, gc=False):
    """One question with what ten people answered.

    Attributes:
        id: ``question_id``, as text.
        image: ``image_id`` of the COCO image.
        text: What is asked, surrounding white space removed.
        question_type: Such as ``how many`` (VQAv2), or the category of knowledge (OK-VQA).
        answer_type: yes/no, number or other.
        answers: Ten answers, as they stand in the file.
    """

    id: str
    image: int
    text: str
    question_type: str
    answer_type: str
    answers: tuple[str, ...]


class _Question(msgspec.Struct, gc=False):
    """An entry of the questions file."""

    question_id: int
    image_id: int
    question: str


class _Questions(msgspec.Struct):
    """The questions file."""

    questions: list[_Question]


class _Answer(msgspec.Struct, gc=False):
    """What one person answered; ``raw_answer`` is OK-VQA's, before stemming."""

    answer: str
    raw_answer: str | msgspec.UnsetType = msgspec.UNSET


class _Annotation(msgspec.Struct, gc=False):
    """An entry of the annotations file."""

    question_id: int
    image_id: int
    question_type: str
    answer_type: Literal["yes/no", "number", "other"]
    answers: list[_Answer]


class _Annotations(msgspec.Struct):
    """The annotations file."""

    annotations: list[_Annotation]


def read_vqa(questions: Path, annotations: Path, *, stemmed: bool = False) -> list[AskedQuestion]:
    """Read questions with their human answers, in the order of the questions file; opens no image.

    Args:
        questions: Such as ``v2_OpenEnded_mscoco_val2014_questions.json``.
        annotations: Such as ``v2_mscoco_val2014_annotations.json``.
        stemmed: Whether every answer has a ``raw_answer`` beside it, as in OK-VQA.

    Returns:
        At least one question.

    Raises:
        CorruptDataError: A file is truncated, not UTF-8 or of another shape, repeats a question, has an empty one or
            not ten answers to one, or the files do not hold the same questions about the same images; entries are
            named.
    """
    asked = read_typed_json(questions, _Questions, QUESTIONS).questions
    _check_questions(asked, questions)
    told = _by_question(read_typed_json(annotations, _Annotations, ANNOTATIONS).annotations, annotations)
    _check_answers(told.values(), annotations, stemmed=stemmed)
    _check_partners(asked, told, questions, annotations)
    known: dict[str, str] = {}
    return [_joined(question, told[question.question_id], known) for question in asked]


def _check_questions(asked: Sequence[_Question], path: Path) -> None:
    """At least one question, none empty, none twice."""
    if not asked:
        raise QUESTIONS.corrupt(path, "it has no question")
    _by_id(asked, path, QUESTIONS, "questions")
    empty = [str(question.question_id) for question in asked if not question.question.strip()]
    if empty:
        raise QUESTIONS.corrupt(path, f"{len(empty)} questions are empty: question_id {_few(empty)}")


def _by_question(annotations: Sequence[_Annotation], path: Path) -> dict[int, _Annotation]:
    """Annotations by question, none twice."""
    return _by_id(annotations, path, ANNOTATIONS, "annotations")


def _by_id(entries: Sequence[EntryT], path: Path, kind: FileKind, key: str) -> dict[int, EntryT]:
    """Entries by ``question_id``; a repeated one is an error."""
    found: dict[int, EntryT] = {}
    for number, entry in enumerate(entries):
        if found.setdefault(entry.question_id, entry) is not entry:
            raise kind.corrupt(path, f"{key}[{number}] repeats question_id {entry.question_id}")
        if entry.image_id < 0:
            raise kind.corrupt(path, f"{key}[{number}] has the image_id {entry.image_id}")
    return found


def _check_answers(annotations: Iterable[_Annotation], path: Path, *, stemmed: bool) -> None:
    """Ten answers to every question, of the kind that is expected."""
    for entry in annotations:
        if len(entry.answers) != HUMANS:
            raise ANNOTATIONS.corrupt(
                path, f"question_id {entry.question_id} has {len(entry.answers)} answers instead of ten"
            )
        if stemmed and any(answer.raw_answer is msgspec.UNSET for answer in entry.answers):
            found = f"the answers to question_id {entry.question_id} have no raw_answer"
            raise ANNOTATIONS.corrupt(path, f"{found}, so this is not OK-VQA's; VQA v1 has a file of the same name")


def _check_partners(
    asked: Sequence[_Question], told: dict[int, _Annotation], questions: Path, annotations: Path
) -> None:
    """The same questions in both files, about the same images."""
    ids = {question.question_id for question in asked}
    if silent := [str(question.question_id) for question in asked if question.question_id not in told]:
        what = f"{len(silent)} questions of {questions.name!r} have no annotation: question_id {_few(silent)}"
        raise ANNOTATIONS.corrupt(annotations, what)
    if unasked := [str(id_) for id_ in told if id_ not in ids]:
        what = f"{len(unasked)} questions of {annotations.name!r} are not in it: question_id {_few(unasked)}"
        raise QUESTIONS.corrupt(questions, what)
    for question in asked:
        other = told[question.question_id].image_id
        if other != question.image_id:
            what = f"question_id {question.question_id} is about image {other} here, {question.image_id} there"
            raise ANNOTATIONS.corrupt(annotations, what)


def _joined(question: _Question, annotation: _Annotation, known: dict[str, str]) -> AskedQuestion:
    """One question with its answers; of equal texts one object is kept: two million answers are few different ones."""
    keep = known.setdefault
    return AskedQuestion(
        id=str(question.question_id),
        image=question.image_id,
        text=question.question.strip(),
        question_type=keep(annotation.question_type, annotation.question_type),
        answer_type=keep(annotation.answer_type, annotation.answer_type),
        answers=tuple([keep(answer.answer, answer.answer) for answer in annotation.answers]),
    )


def _few(ids: Sequence[str]) -> str:
    """The first ids, for a message."""
    return ", ".join(ids[:SHOWN]) + (", ..." if len(ids) > SHOWN else "")
