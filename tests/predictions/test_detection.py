import json

import pytest

from zsbench.errors import ConfigError, CorruptDataError, MissingDataError
from zsbench.predictions.detection import PREDICTION_FORMS, REFERENCE_FORMS, detect_form, find_form

PREDICTIONS = {
    "coco-results": [{"image_id": 1, "caption": "a dog"}],
    "karpathy": [
        {"split": "test", "image_name": "1.jpg", "file_path": "val2014", "captions": ["x"], "prediction": "y"}
    ],
    "viecap": [{"split": "near_domain", "image_id": "1.jpg", "caption": ["x"], "prediction": "y"}],
    "vqa-results": [{"question_id": 1, "answer": "yes"}],
    "knight": {"0": ["a dog"], "1": ["a cat"]},
    "json-lines": '{"id": "1", "prediction": "a dog"}\n{"id": "2", "prediction": "a cat"}\n',
    "csv": "id,prediction\n1,a dog\n",
}
REFERENCES = {
    "coco-captions": {"info": {}, "images": [{"id": 1}], "annotations": [{"image_id": 1, "id": 3, "caption": "x"}]},
    "vqa-annotations": {"annotations": [{"question_id": 1, "answers": [{"answer": "yes"}]}]},
    "karpathy-split": {"dataset": "coco", "images": [{"filename": "1.jpg", "imgid": 1, "sentences": [{"raw": "x"}]}]},
    "karpathy": [{"image_name": "1.jpg", "captions": ["x"]}],
    "viecap": [{"split": "valid", "image_name": "1.jpg", "captions": ["x"]}],
    "simple": {"0": ["a dog", "one dog"]},
}


@pytest.mark.parametrize("form", PREDICTIONS)
def test_every_form_of_predictions_is_told_from_its_first_entry(write, form):
    """Each of the seven forms is detected as itself."""
    assert detect_form(write(PREDICTIONS[form]), PREDICTION_FORMS).id == form


@pytest.mark.parametrize("form", REFERENCES)
def test_every_form_of_references_is_told_from_its_first_entry(write, form):
    """Each of the six forms is detected as itself."""
    assert detect_form(write(REFERENCES[form]), REFERENCE_FORMS).id == form


def test_every_form_has_a_test_of_its_detection():
    """No form is left out above."""
    assert {form.id for form in PREDICTION_FORMS} == set(PREDICTIONS)
    assert {form.id for form in REFERENCE_FORMS} == set(REFERENCES)


@pytest.mark.parametrize("lines", [1, 2])
def test_layout_of_the_text_does_not_matter(write, lines):
    """A byte order mark, white space and one line or many make no difference."""
    text = json.dumps(PREDICTIONS["knight"], indent=lines)
    assert detect_form(write(b"\xef\xbb\xbf \n" + text.encode()), PREDICTION_FORMS).id == "knight"
    assert detect_form(write(b"\n" + PREDICTIONS["json-lines"].encode()), PREDICTION_FORMS).id == "json-lines"


def test_single_line_of_json_lines_is_no_object_of_captions(write):
    """One line with id and prediction is JSON Lines, not captions for images called id and prediction."""
    assert detect_form(write('{"id": "1", "prediction": "a dog"}'), PREDICTION_FORMS).id == "json-lines"


@pytest.mark.parametrize(
    ("content", "seen"),
    [
        ([{"picture": 1, "text": "a dog"}], "picture, text"),
        ('{"id": "1", "text": "a dog"}\n{"id": "2", "text": "a cat"}', "lines of JSON objects with id, text"),
        ("name,caption\n1,a dog\n", "a table with caption, name"),
        ([], "nothing"),
        ("", "nothing"),
        ({"0": 7}, "a JSON object with 0"),
    ],
)
def test_unknown_form_says_what_was_seen_and_what_is_known(write, content, seen):
    """The keys of the first entry, and every form with an example."""
    with pytest.raises(CorruptDataError, match="coco-results") as caught:
        detect_form(write(content), PREDICTION_FORMS)
    assert seen in str(caught.value)
    assert "--form NAME" in caught.value.remedy


def test_named_form_is_not_detected(write):
    """A name stands over what the file looks like; a wrong name suggests the closest."""
    path = write(PREDICTIONS["karpathy"])
    assert find_form(path, "viecap", PREDICTION_FORMS).id == "viecap"
    with pytest.raises(ConfigError, match="Did you mean 'viecap'"):
        find_form(path, "viecapp", PREDICTION_FORMS)
    with pytest.raises(ConfigError, match="Leave it out"):
        find_form(path, "nothing-like-it", PREDICTION_FORMS)


def test_missing_file_is_named(tmp_path):
    """A path without a file is three sentences."""
    with pytest.raises(MissingDataError, match="nowhere"):
        detect_form(tmp_path / "nowhere.json", PREDICTION_FORMS)
