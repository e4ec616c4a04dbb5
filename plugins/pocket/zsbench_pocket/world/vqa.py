"""The part like VQAv2: questions about COCO-like test images, each with the answers of ten people.

Source of the format: Goyal et al., CVPR 2017 (VQA v2.0), the open-ended questions and annotations of ``val2014``.
"""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from zsbench_pocket.world.karpathy import COCO, iter_split_scenes
from zsbench_pocket.world.lexicon import BASE_KINDS, COUNT_WORDS
from zsbench_pocket.world.questions import Question, ask_questions
from zsbench_pocket.world.scenes import DEFAULT_SEED, open_stream

__all__ = ["ANNOTATIONS_FILE", "QUESTIONS_FILE", "AskedQuestion", "answer_as_people", "iter_asked", "write_vqa"]

QUESTIONS_FILE = "v2_OpenEnded_mscoco_val2014_questions.json"
ANNOTATIONS_FILE = "v2_mscoco_val2014_annotations.json"
IMAGES, QUESTIONS_PER_IMAGE = 200, 4
"""About as many questions an image as the 5.3 of the official split; the first test images are asked about."""
QUESTIONS_PER_ID = 1000
MISTAKES = {"yes/no": 0.06, "number": 0.05, "other": 0.02}
"""Share of people who answer wrongly, by answer type; people who say the same in other words come on top."""
CONFIDENCES, CONFIDENCE_SHARES = ("yes", "maybe", "no"), (0.8, 0.16, 0.04)
INFO: dict[str, str | int] = {
    "description": "Questions about drawn scenes in the format of v2.0 of the VQA dataset.",
    "url": "http://visualqa.org",
    "version": "2.0",
    "year": 2017,
    "contributor": "zsbench-pocket",
    "date_created": "2017-04-26 17:00:44",
}
LICENCE = {
    "url": "http://creativecommons.org/licenses/by/4.0/",
    "name": "Creative Commons Attribution 4.0 International License",
}
SUBSET = {"data_type": "mscoco", "data_subtype": "val2014"}


@dataclass(frozen=True)
class AskedQuestion:
    """A question about an image, with what ten people answered."""

    id: int
    image_id: int
    question: Question
    answers: tuple[str, ...]


def iter_asked(
    split: str = "test", *, stream: str = "vqa-val", images: int = IMAGES, seed: int = DEFAULT_SEED
) -> Iterator[AskedQuestion]:
    """Yield questions about the first images of a COCO-like split, image by image; only base kinds are asked about."""
    scenes = iter_split_scenes(split, seed=seed)
    first = COCO.find_split(split).first_id
    for index, (scene, _) in zip(range(images), scenes, strict=False):
        rng = open_stream(stream, index, seed=seed)
        questions = ask_questions(rng, scene, count=QUESTIONS_PER_IMAGE, kinds=BASE_KINDS)
        for number, question in enumerate(questions):
            id_ = (first + index) * QUESTIONS_PER_ID + number
            yield AskedQuestion(id_, first + index, question, answer_as_people(rng, question))


def answer_as_people(rng: random.Random, question: Question) -> tuple[str, ...]:
    """The ten answers of a question, some of them mistaken as people's are: the other of yes and no, one too many."""
    share = MISTAKES[question.answer_type]
    wrong = _list_mistakes(question)
    return tuple(rng.choice(wrong) if wrong and rng.random() < share else answer for answer in question.answers)


def write_vqa(folder: Path, *, seed: int = DEFAULT_SEED) -> None:
    """Write the questions file and the annotations file; the images are those of the COCO-like part."""
    folder.mkdir(parents=True)
    questions: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    for asked in iter_asked(seed=seed):
        questions.append({"image_id": asked.image_id, "question": asked.question.text, "question_id": asked.id})
        annotations.append(_annotate(open_stream("vqa-confidence", asked.id, seed=seed), asked))
    head = {"info": INFO, "task_type": "Open-Ended", **SUBSET, "license": LICENCE, "questions": questions}
    (folder / QUESTIONS_FILE).write_text(json.dumps(head), encoding="utf-8")
    body = {"info": INFO, "license": LICENCE, **SUBSET, "annotations": annotations}
    (folder / ANNOTATIONS_FILE).write_text(json.dumps(body), encoding="utf-8")


def _annotate(rng: random.Random, asked: AskedQuestion) -> dict[str, Any]:
    """The annotation of a question; the answer of multiple choice is what most people said."""
    return {
        "question_type": asked.question.question_type,
        "multiple_choice_answer": Counter(asked.answers).most_common(1)[0][0],
        "answers": [
            {
                "answer": answer,
                "answer_confidence": rng.choices(CONFIDENCES, CONFIDENCE_SHARES)[0],
                "answer_id": number,
            }
            for number, answer in enumerate(asked.answers, 1)
        ],
        "image_id": asked.image_id,
        "answer_type": asked.question.answer_type,
        "question_id": asked.id,
    }


def _list_mistakes(question: Question) -> list[str]:
    """What somebody who is mistaken answers."""
    if question.answer_type == "yes/no":
        return ["no" if question.answer == "yes" else "yes"]
    if question.answer_type == "number":
        return [str(count) for count in COUNT_WORDS if str(count) != question.answer]
    return ["i don't know"]
