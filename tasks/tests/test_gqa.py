"""GQA as a task."""

import json

import pytest

from zsbench.data import OfficialSplits
from zsbench.errors import CorruptDataError, MissingDataError
from zsbench.registry import Registry
from zsbench_tasks.gqa import GQA, GqaTask, read_gqa


def make_question(image, question, answer, structural):
    """One question in the official schema."""
    return {
        "semantic": [{"operation": "select", "dependencies": [], "argument": "fence (3)"}],
        "entailed": [],
        "equivalent": ["201307251"],
        "question": question,
        "imageId": image,
        "isBalanced": True,
        "groups": {"global": None, "local": "13-fence"},
        "answer": answer,
        "semanticStr": "select: fence (3)",
        "annotations": {"answer": {}, "question": {}, "fullAnswer": {}},
        "types": {"detailed": "existAttrC", "semantic": "attr", "structural": structural},
        "fullAnswer": f"It is {answer}.",
    }


@pytest.fixture
def questions():
    """Three questions about two images; an id keeps its leading zero."""
    return {
        "201307251": make_question("n161313", "Is it overcast?", "no", "verify"),
        "02078500": make_question("n435808", "What is the fence made of? ", "wood", "query"),
        "201640614": make_question("n161313", "Who wears the cap?", "man", "query"),
    }


@pytest.fixture
def write(questions, tmp_path):
    """Writes the questions file under the data root."""

    def _write(folder=".", text=None):
        path = tmp_path / folder / GQA.name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(questions) if text is None else text, encoding="utf-8")
        return path

    return _write


@pytest.mark.parametrize("folder", [".", "gqa"])
def test_examples_are_questions_in_file_order(write, tmp_path, folder):
    """Ids are texts; images lie in `images` beside the file, whatever another `images` holds."""
    write(folder)
    (tmp_path / "images").mkdir()
    first, second, third = GqaTask(tmp_path).examples()

    assert (first.id, first.question) == ("201307251", "Is it overcast?")
    assert (second.id, second.question) == ("02078500", "What is the fence made of?")
    assert first.image == third.image == tmp_path / folder / "images" / "n161313.jpg"
    assert [example.id for example in GqaTask(tmp_path).examples() if not example.image.is_file()] == [
        "201307251",
        "02078500",
        "201640614",
    ]


def test_each_question_has_one_right_answer(write, tmp_path):
    """The short one."""
    write()
    assert GqaTask(tmp_path).references() == {"201307251": ("no",), "02078500": ("wood",), "201640614": ("man",)}


def test_groups_are_those_of_the_official_evaluation(write, tmp_path):
    """Open questions are those of the structural type query."""
    write()
    assert GqaTask(tmp_path).groups() == {
        "answer_type": {"binary": ["201307251"], "open": ["02078500", "201640614"]},
        "structural_type": {"query": ["02078500", "201640614"], "verify": ["201307251"]},
    }


def test_official_results_keep_ids_as_texts(write, tmp_path):
    """A leading zero is part of the id."""
    write()
    assert GqaTask(tmp_path).official_results({"02078500": "wood"}) == [
        {"questionId": "02078500", "prediction": "wood"}
    ]


def test_the_content_hash_changes_with_an_answer(write, questions, tmp_path):
    """What is right is part of the task."""
    write()
    before = GqaTask(tmp_path).content_hash
    questions["02078500"]["answer"] = "metal"
    write()
    assert GqaTask(tmp_path).content_hash != before


def test_a_small_file_is_remarked_on(write, tmp_path):
    """The official split has 12,578 questions."""
    write()
    remark = OfficialSplits(Registry()).check(GqaTask(tmp_path))
    assert remark == "gqa-testdev-balanced has 3 examples here; the official split has 12,578."


def test_a_missing_file_is_named_with_its_origin(tmp_path):
    """The message says where to get it."""
    with pytest.raises(MissingDataError, match=r"questions1\.2\.zip"):
        GqaTask(tmp_path).examples()


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda q: q["02078500"].pop("answer"), "missing required field `answer`"),
        (lambda q: q["02078500"].update(answer=3), "Expected `str`, got `int`"),
        (lambda q: q["02078500"].update(answer=" "), "question 02078500 has an empty question or answer"),
        (lambda q: q["02078500"].update(question=""), "question 02078500 has an empty question or answer"),
        (lambda q: q["02078500"].update(imageId="../n1"), "question 02078500 has the imageId '../n1'"),
        (lambda q: q["02078500"].pop("types"), "missing required field `types`"),
        (lambda q: q.clear(), "it has no question"),
    ],
)
def test_a_bad_entry_is_told(write, questions, damage, words):
    """In words, with the question where it is known."""
    damage(questions)
    with pytest.raises(CorruptDataError, match=words.replace(".", r"\.")):
        read_gqa(write())


def test_an_id_that_stands_twice_is_refused(write, questions):
    """In JSON the last would win in silence."""
    entry = json.dumps(questions["02078500"])
    path = write(text=f'{{"7": {entry}, "02078500": {entry}, "7": {entry}}}')
    with pytest.raises(CorruptDataError, match="question 7 stands in it twice"):
        read_gqa(path)


@pytest.mark.parametrize("share", [0.0, 0.3, 0.9, 0.999])
def test_a_truncated_file_is_told_as_such(write, share):
    """A download that stopped is recognised wherever it stopped."""
    path = write()
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(CorruptDataError, match="it ends in the middle of its JSON"):
        read_gqa(path)


@pytest.mark.parametrize("content", ["<html>404</html>", "[1, 2]", "null", '{"questions": []}', "[" * 200_000])
def test_another_kind_of_file_is_refused(write, content):
    """An error page, another JSON or a nest of brackets is no questions file."""
    with pytest.raises(CorruptDataError, match="is not a GQA questions file"):
        read_gqa(write(text=content))
