"""The part like VQAv2."""

from __future__ import annotations

import json
import random
from collections import Counter

import pytest

from zsbench_pocket.nouns import kinds_in_caption
from zsbench_pocket.world.lexicon import NOVEL_KINDS
from zsbench_pocket.world.questions import OPENINGS, Question
from zsbench_pocket.world.vqa import IMAGES, QUESTIONS_PER_IMAGE, answer_as_people

HEAD = {"info", "license", "data_type", "data_subtype"}


@pytest.fixture(scope="module")
def questions(world):
    return json.loads((world / "vqa" / "v2_OpenEnded_mscoco_val2014_questions.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def annotations(world):
    return json.loads((world / "vqa" / "v2_mscoco_val2014_annotations.json").read_text(encoding="utf-8"))


def test_files_have_the_official_keys(questions, annotations):
    """The keys of the official files at every level, and no other."""
    assert set(questions) == HEAD | {"task_type", "questions"}
    assert set(annotations) == HEAD | {"annotations"}
    assert questions["task_type"] == "Open-Ended"
    for document in (questions, annotations):
        assert (document["data_type"], document["data_subtype"]) == ("mscoco", "val2014")
        assert set(document["info"]) == {"description", "url", "version", "year", "contributor", "date_created"}
        assert set(document["license"]) == {"url", "name"}
    assert all(set(entry) == {"image_id", "question", "question_id"} for entry in questions["questions"])
    for entry in annotations["annotations"]:
        assert set(entry) == {
            "question_type", "multiple_choice_answer", "answers", "image_id", "answer_type", "question_id",
        }  # fmt: skip
        assert all(set(answer) == {"answer", "answer_confidence", "answer_id"} for answer in entry["answers"])


def test_questions_and_annotations_belong_together(questions, annotations):
    """Equal question ids in equal order, each begun by its image's id as in VQAv2."""
    asked = [(entry["question_id"], entry["image_id"]) for entry in questions["questions"]]
    assert asked == [(entry["question_id"], entry["image_id"]) for entry in annotations["annotations"]]
    assert len({question for question, _ in asked}) == len(asked)
    assert all(question // 1000 == image for question, image in asked)


def test_several_questions_are_asked_about_existing_test_images(world, questions):
    """Each image is a COCO-like test image, and most have the full number of questions."""
    counts = Counter(entry["image_id"] for entry in questions["questions"])
    assert len(counts) == IMAGES
    assert sum(counts.values()) > 0.95 * IMAGES * QUESTIONS_PER_IMAGE
    images = json.loads((world / "coco" / "dataset_coco.json").read_text(encoding="utf-8"))["images"]
    test = {entry["cocoid"]: entry["filename"] for entry in images if entry["split"] == "test"}
    for image in counts:
        assert test[image] == f"COCO_val2014_{image:012d}.jpg"
        assert (world / "coco" / "val2014" / test[image]).is_file()


def test_every_question_has_ten_numbered_answers(annotations):
    """Ten people, and multiple choice takes what most of them said."""
    for entry in annotations["annotations"]:
        assert [answer["answer_id"] for answer in entry["answers"]] == list(range(1, 11))
        assert {answer["answer_confidence"] for answer in entry["answers"]} <= {"yes", "maybe", "no"}
        said = Counter(answer["answer"] for answer in entry["answers"])
        assert said[entry["multiple_choice_answer"]] == max(said.values())


def test_question_types_and_answer_types_are_official(annotations, questions):
    """Each question begins with its type; all three answer types occur often."""
    for entry, asked in zip(annotations["annotations"], questions["questions"], strict=True):
        assert entry["question_type"] in OPENINGS
        assert asked["question"].lower().startswith(entry["question_type"])
    shares = Counter(entry["answer_type"] for entry in annotations["annotations"])
    assert set(shares) == {"yes/no", "number", "other"}
    assert min(shares.values()) > 0.08 * len(annotations["annotations"])


@pytest.mark.parametrize("answer_type", ["yes/no", "number", "other"])
def test_people_disagree_sometimes_and_never_mostly(annotations, answer_type):
    """Some questions have ten equal answers and some have not, as the metric's quirks ask for."""
    entries = [entry for entry in annotations["annotations"] if entry["answer_type"] == answer_type]
    counts = [max(Counter(answer["answer"] for answer in entry["answers"]).values()) for entry in entries]
    agreed = sum(count == 10 for count in counts) / len(counts)
    assert 0.02 < agreed < 0.9
    assert min(counts) >= 3


def test_questions_never_speak_of_novel_kinds(questions):
    """They are about scenes of base kinds, as COCO's are."""
    named = {kind for entry in questions["questions"] for kind in kinds_in_caption(entry["question"])}
    assert named
    assert not named & set(NOVEL_KINDS)


def test_a_mistaken_person_says_the_other_of_yes_and_no():
    """Mistakes are of the answer's type."""
    question = Question("Is the cat red?", "yes", ("yes",) * 10, "yes/no")
    said = Counter(answer for seed in range(200) for answer in answer_as_people(random.Random(seed), question))
    assert set(said) == {"yes", "no"}
    assert 0.02 < said["no"] / 2000 < 0.12
