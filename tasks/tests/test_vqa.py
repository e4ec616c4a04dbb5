"""VQAv2 and OK-VQA as tasks."""

import pytest

from zsbench.data import OfficialSplits
from zsbench.errors import MissingDataError
from zsbench.registry import Registry
from zsbench_tasks.vqa import OKVQA, VQAV2, okvqa_val, vqav2_val

MAKE = {"vqav2-val": vqav2_val, "okvqa-val": okvqa_val}


@pytest.fixture
def write_data(vqa_entries, write_vqa, tmp_path):
    """Writes the official files under their names, in a folder under the data root."""

    def write(files=VQAV2, folder="."):
        questions, annotations = vqa_entries
        for answer in (answer for entry in annotations for answer in entry["answers"]):
            answer.update({"raw_answer": answer["answer"]} if files.stemmed else {})
        paths = write_vqa(questions, annotations, folder)
        paths[0].rename(paths[0].with_name(files.questions.name))
        paths[1].rename(paths[1].with_name(files.annotations.name))
        return tmp_path

    return write


def test_examples_are_questions_about_images(write_data):
    """Ids are question ids; questions about one image name the same file."""
    first, second, third = vqav2_val(write_data()).examples()

    assert (first.id, first.question) == ("262148000", "Where is he looking?")
    assert first.image == second.image
    assert third.image.name == "COCO_val2014_000000393225.jpg"


def test_references_are_ten_answers(write_data):
    """By question id, as they stand in the file."""
    references = vqav2_val(write_data()).references()

    assert [len(answers) for answers in references.values()] == [10, 10, 10]
    assert references["393225000"] == ("2",) * 8 + ("two", "3")


def test_groups_are_answer_types_in_official_order_and_question_types(write_data):
    """A group that nothing belongs to is not there."""
    groups = vqav2_val(write_data()).groups()

    assert groups == {
        "answer_type": {"yes/no": ["262148001"], "number": ["393225000"], "other": ["262148000"]},
        "question_type": {"how many": ["393225000"], "is the": ["262148001"], "where is the": ["262148000"]},
    }
    assert list(groups["answer_type"]) == ["yes/no", "number", "other"]


def test_the_card_shows_answer_types_alone(tmp_path):
    """OK-VQA has one answer type, so it shows none."""
    assert vqav2_val(tmp_path).card.groupings == ("answer_type",)
    assert okvqa_val(tmp_path).card.groupings == ()


@pytest.mark.parametrize(("id_", "files"), [("vqav2-val", VQAV2), ("okvqa-val", OKVQA)])
@pytest.mark.parametrize("own_folder", [False, True])
def test_files_are_found_in_the_data_root_or_in_their_own_folder(write_data, id_, files, own_folder):
    """The convention of every task."""
    root = write_data(files, files.questions.folder if own_folder else ".")

    assert len(MAKE[id_](root).examples()) == 3


@pytest.mark.parametrize("place", [".", "vqa", "coco"])
def test_images_are_found_beside_the_files_or_where_coco_lies(write_data, place):
    """Nobody copies 40,504 images for a second task."""
    root = write_data(folder="vqa")
    (root / place / "val2014").mkdir(parents=True)
    (root / place / "val2014" / "COCO_val2014_000000262148.jpg").write_bytes(b"")
    task = vqav2_val(root)

    assert task.examples()[0].image.parent == root / place / "val2014"
    assert [example.id for example in task.examples() if not example.image.is_file()] == ["393225000"]


def test_without_any_image_folder_every_question_lacks_its_image(write_data):
    """Told as missing images, not as an empty task."""
    assert [example.id for example in vqav2_val(write_data()).examples() if not example.image.is_file()] == [
        "262148000",
        "262148001",
        "393225000",
    ]


@pytest.mark.parametrize("gone", ["questions", "annotations"])
def test_a_missing_file_is_named_with_its_origin(write_data, gone):
    """The message says where to get it."""
    root = write_data()
    (root / getattr(VQAV2, gone).name).unlink()

    with pytest.raises(MissingDataError, match=r"visualqa\.org") as caught:
        vqav2_val(root).examples()

    assert getattr(VQAV2, gone).name in caught.value.found


def test_nothing_is_read_before_first_use(tmp_path):
    """A task can be listed without data."""
    assert vqav2_val(tmp_path / "nowhere").card.main_metric == "vqa-accuracy"


def test_the_content_hash_changes_with_questions_and_answers(write_data, vqa_entries):
    """And not with what nobody compares."""
    before = vqav2_val(write_data()).content_hash
    vqa_entries[1][0]["answers"][0]["answer_confidence"] = "maybe"
    assert vqav2_val(write_data()).content_hash == before
    vqa_entries[1][0]["answers"][0]["answer"] = "up"
    after = vqav2_val(write_data()).content_hash
    assert after != before
    vqa_entries[0][0]["question"] = "Where?"
    assert vqav2_val(write_data()).content_hash not in {before, after}


def test_official_results_have_whole_numbers_for_ids(write_data):
    """The form that the evaluation server takes."""
    assert vqav2_val(write_data()).official_results({"262148000": "down"}) == [
        {"question_id": 262148000, "answer": "down"}
    ]


def test_a_small_file_is_remarked_on(write_data):
    """The official split has 214,354 questions."""
    remark = OfficialSplits(Registry()).check(vqav2_val(write_data()))
    assert remark == "vqav2-val has 3 examples here; the official split has 214,354."
