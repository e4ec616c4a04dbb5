"""The parser of the official VQA files: what it reads, and what it refuses."""

import json

import pytest

from zsbench.errors import CorruptDataError
from zsbench_tasks.vqa_files import AskedQuestion, read_vqa


def refusal(paths, **options):
    """The message about a bad file."""
    with pytest.raises(CorruptDataError) as caught:
        read_vqa(*paths, **options)
    assert caught.value.path in {str(path) for path in paths}
    return caught.value.found


def test_questions_come_in_the_order_of_their_file(vqa_entries, write_vqa):
    """Annotations stand in another order; answers are as they stand, questions without space around."""
    first, second, _ = read_vqa(*write_vqa(*vqa_entries))

    assert first == AskedQuestion(
        "262148000", 262148, "Where is he looking?", "where is the", "other", ("down",) * 7 + ("at table", "Down ", "")
    )
    assert (second.id, second.answer_type, second.answers) == ("262148001", "yes/no", ("yes",) * 9 + ("no",))


def test_keys_that_nobody_needs_may_be_missing(vqa_entries, write_vqa):
    """Files of other tools have no info, licence or confidence."""
    questions, annotations = vqa_entries
    for entry in annotations:
        del entry["multiple_choice_answer"]
        for answer in entry["answers"]:
            del answer["answer_confidence"], answer["answer_id"]

    assert len(read_vqa(*write_vqa(questions, annotations))) == 3


def test_a_byte_order_mark_is_read_over(vqa_entries, write_vqa):
    """Editors of some systems put one."""
    paths = write_vqa(*vqa_entries)
    paths[0].write_bytes(b"\xef\xbb\xbf" + paths[0].read_bytes())

    assert len(read_vqa(*paths)) == 3


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda q, a: q[1].pop("question"), "missing required field `question` - at `questions[1]`"),
        (lambda q, a: q[1].update(question=7), "Expected `str`, got `int` - at `questions[1].question`"),
        (lambda q, a: q[1].update(question=" \n"), "1 questions are empty: question_id 262148001"),
        (lambda q, a: q[1].update(question_id="262148001"), "got `str` - at `questions[1].question_id`"),
        (lambda q, a: q[1].update(question_id=True), "got `bool` - at `questions[1].question_id`"),
        (lambda q, a: q[1].update(image_id=-1), "questions[1] has the image_id -1"),
        (lambda q, a: q.append(q[0]), "questions[3] repeats question_id 262148000"),
        (lambda q, a: q.clear(), "it has no question"),
        (lambda q, a: a.append(a[0]), "annotations[3] repeats question_id"),
        (lambda q, a: a[0].pop("answers"), "missing required field `answers` - at `annotations[0]`"),
        (lambda q, a: a[0]["answers"].pop(), "has 9 answers instead of ten"),
        (lambda q, a: a[0]["answers"].append({"answer": "x"}), "has 11 answers instead of ten"),
        (lambda q, a: a[0]["answers"][3].pop("answer"), "`answer` - at `annotations[0].answers[3]`"),
        (lambda q, a: a[0].update(answer_type="Yes/No"), "Invalid enum value 'Yes/No' - at `annotations[0]"),
        (lambda q, a: a[0].pop("question_type"), "missing required field `question_type`"),
        (lambda q, a: a[0].update(image_id=5), "is about image 5 here, 393225 there"),
    ],
)
def test_a_bad_entry_is_named(vqa_entries, write_vqa, damage, words):
    """The message says which entry, or which question."""
    questions, annotations = vqa_entries
    damage(questions, annotations)

    assert words in refusal(write_vqa(questions, annotations))


def test_a_question_without_annotation_and_the_reverse_are_told_apart(vqa_entries, write_vqa):
    """Each message names the file that lacks something, and the question."""
    questions, annotations = vqa_entries

    assert "1 questions of 'questions.json' have no annotation: question_id 262148000" in refusal(
        write_vqa(questions, annotations[:2])
    )
    assert "1 questions of 'annotations.json' are not in it: question_id 393225000" in refusal(
        write_vqa(questions[:2], annotations)
    )


def test_stemmed_answers_want_a_raw_form_beside_them(vqa_entries, write_vqa):
    """VQA v1 has files of OK-VQA's names; its answers have no raw_answer."""
    questions, annotations = vqa_entries

    assert "so this is not OK-VQA's" in refusal(write_vqa(questions, annotations), stemmed=True)

    for entry in annotations:
        for answer in entry["answers"]:
            answer["raw_answer"] = answer["answer"] + "s"
    assert read_vqa(*write_vqa(questions, annotations), stemmed=True)[1].answers[0] == "yes"


@pytest.mark.parametrize("which", [0, 1])
@pytest.mark.parametrize("share", [0.0, 0.01, 0.3, 0.5, 0.9, 0.999])
def test_a_truncated_file_is_told_as_such(vqa_entries, write_vqa, which, share):
    """A download that stopped is recognised wherever it stopped."""
    paths = write_vqa(*vqa_entries)
    content = paths[which].read_bytes()
    paths[which].write_bytes(content[: int(len(content) * share)])

    assert "it ends in the middle of its JSON" in refusal(paths)


@pytest.mark.parametrize("which", [0, 1])
@pytest.mark.parametrize("content", ["<html>404</html>", "[1, 2]", '{"images": []}', "null", "[" * 200_000, "{} {}"])
def test_another_kind_of_file_is_refused(vqa_entries, write_vqa, which, content):
    """An error page, another JSON or a nest of brackets is neither file."""
    paths = write_vqa(*vqa_entries)
    paths[which].write_text(content, encoding="utf-8")

    assert ["is not a VQA questions file", "is not a VQA annotations file"][which] in refusal(paths)


def test_the_files_cannot_be_exchanged(vqa_entries, write_vqa):
    """Each is told by its own key."""
    questions, annotations = write_vqa(*vqa_entries)

    assert "missing required field `questions`" in refusal((annotations, questions))


@pytest.mark.parametrize("key", ["answer", "answer_confidence"])
def test_bytes_that_are_not_utf_8_are_named_with_what_stands_before_them(vqa_entries, write_vqa, key):
    """Wherever they stand, in what is read as in what is not."""
    questions, annotations = vqa_entries
    annotations[0]["answers"][2][key] = "caf\xe9"
    paths = write_vqa(questions, annotations)
    paths[1].write_bytes(json.dumps({"annotations": annotations}, ensure_ascii=False).encode("latin-1"))

    found = refusal(paths)

    assert "is not UTF-8, after" in found
    assert "caf" in found


def test_half_a_character_is_refused(vqa_entries, write_vqa):
    """A lone surrogate cannot be written to a record."""
    questions, annotations = vqa_entries
    questions[0]["question"] = "What \ud83d is it?"

    assert "is not a VQA questions file" in refusal(write_vqa(questions, annotations))
