"""Tiny files in the official schema."""

import json

import pytest


def make_entry(cocoid, split, *captions):
    """One image in the official schema."""
    folder = "train2014" if split == "train" else "val2014"
    return {
        "filepath": folder,
        "sentids": [cocoid * 10 + i for i in range(len(captions))],
        "filename": f"COCO_{folder}_{cocoid:012d}.jpg",
        "imgid": cocoid - 100,
        "split": split,
        "sentences": [
            {"tokens": raw.lower().split(), "raw": raw, "imgid": cocoid - 100, "sentid": cocoid * 10 + i}
            for i, raw in enumerate(captions)
        ],
        "cocoid": cocoid,
    }


@pytest.fixture
def entries():
    """Six images over the four splits, not sorted by id."""
    return [
        make_entry(140, "test", "A dog runs.", " Two dogs \n"),
        make_entry(110, "train", "A red\ncar.", "A car."),
        make_entry(130, "val", "A cat sleeps."),
        make_entry(120, "restval", "A boat\u2028at sea."),
        make_entry(105, "test", "Ein Käfer.", "A bug.", "A beetle."),
        make_entry(150, "train", "A car."),
    ]


@pytest.fixture
def write_split(tmp_path):
    """Writes ``dataset_coco.json`` of some entries, under the data root or a folder in it."""

    def write(entries, folder="."):
        path = tmp_path / folder / "dataset_coco.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({"images": entries, "dataset": "coco"}), encoding="utf-8")
        return path

    return write


def make_question(question_id, text):
    """One question in the official VQA schema."""
    return {"image_id": question_id // 1000, "question": text, "question_id": question_id}


def make_annotation(question_id, question_type, answer_type, *answers):
    """The human answers to one question in the official VQA schema."""
    return {
        "question_type": question_type,
        "multiple_choice_answer": answers[0],
        "answers": [
            {"answer": answer, "answer_confidence": "yes", "answer_id": number}
            for number, answer in enumerate(answers, start=1)
        ],
        "image_id": question_id // 1000,
        "answer_type": answer_type,
        "question_id": question_id,
    }


@pytest.fixture
def vqa_entries():
    """Three questions about two images, one of each answer type; annotations in another order."""
    questions = [
        make_question(262148000, " Where is he looking? "),
        make_question(262148001, "Is the café open?"),
        make_question(393225000, "How many dogs?"),
    ]
    annotations = [
        make_annotation(393225000, "how many", "number", *["2"] * 8, "two", "3"),
        make_annotation(262148001, "is the", "yes/no", *["yes"] * 9, "no"),
        make_annotation(262148000, "where is the", "other", *["down"] * 7, "at table", "Down ", ""),
    ]
    return questions, annotations


@pytest.fixture
def write_vqa(tmp_path):
    """Writes ``questions.json`` and ``annotations.json`` of some entries; their paths."""

    def write(questions, annotations, folder="."):
        home = tmp_path / folder
        home.mkdir(parents=True, exist_ok=True)
        facts = {
            "info": {"description": "This is Balanced Binary VQA", "version": "2.0", "year": 2017},
            "license": {"url": "http://creativecommons.org/licenses/by/4.0/", "name": "CC BY 4.0"},
            "data_type": "mscoco",
            "data_subtype": "val2014",
        }
        asked = {**facts, "task_type": "Open-Ended", "questions": questions}
        (home / "questions.json").write_text(json.dumps(asked), encoding="utf-8")
        (home / "annotations.json").write_text(json.dumps({**facts, "annotations": annotations}), encoding="utf-8")
        return home / "questions.json", home / "annotations.json"

    return write
