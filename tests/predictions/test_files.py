import pytest

from zsbench.errors import ConfigError, ScoringError
from zsbench.predictions import read_predictions, read_references

MAGIC = [
    {"split": "test", "image_name": f"{n}.jpg", "captions": [f"a {n}", f"the {n}"], "prediction": f"{n}!"}
    for n in (3, 1)
]


def test_predictions_come_in_file_order_with_form_and_hash(write):
    """Ids are texts, whatever they were; nothing is inside."""
    path = write([{"image_id": 7, "caption": "x"}, {"image_id": 2, "caption": ""}])
    found = read_predictions(path)
    assert list(found.predictions.items()) == [("7", "x"), ("2", "")]
    assert (found.form.id, len(found.sha256), found.inside) == ("coco-results", 64, None)


def test_references_inside_are_kept(write):
    """A file with references needs no other."""
    inside = read_predictions(write(MAGIC)).inside
    assert inside.references == {"3.jpg": ("a 3", "the 3"), "1.jpg": ("a 1", "the 1")}
    assert inside.names["3"] == "3.jpg"


def test_duplicate_ids_are_listed_and_refused(write):
    """Two captions for one image are no captions, also where JSON itself allows two equal keys."""
    with pytest.raises(ScoringError, match=r"1 ids more than once: 1\.") as caught:
        read_predictions(write([{"image_id": 1, "caption": "x"}, {"image_id": "1", "caption": "y"}]))
    assert caught.value.ids == ("1",)
    with pytest.raises(ScoringError, match="more than once: a"):
        read_predictions(write('{"a": ["x"], "a": ["y"]}'))


def test_references_taken_for_predictions_are_refused(write):
    """A file without any prediction says so."""
    with pytest.raises(ScoringError, match="holds no prediction in 1 entries"):
        read_predictions(write([{"image_name": "1.jpg", "captions": ["x"]}]))


@pytest.mark.parametrize("texts", [[], [""], [" ", "\n"]])
def test_references_without_text_are_refused(write, texts):
    """An example with nothing to compare to is listed."""
    with pytest.raises(ScoringError, match=r"1 of 2 examples without a text to refer to: b\."):
        read_references(write({"a": ["x"], "b": texts}))


def test_subset_field_gives_groups(write):
    """The field's value by id; entries without it have none."""
    content = {
        "images": [{"id": 1, "domain": "in-domain"}, {"id": 2, "domain": "out-domain"}, {"id": 3}],
        "annotations": [{"image_id": n, "caption": "x"} for n in (1, 2, 3)],
    }
    assert read_references(write(content), subset_field="domain").subsets == {"1": "in-domain", "2": "out-domain"}


def split_file(*splits):
    return {
        "images": [
            {"filename": f"{n}.jpg", "cocoid": n, "split": split, "sentences": [{"raw": f"a {n}"}]}
            for n, split in enumerate(splits)
        ]
    }


def test_one_split_of_a_file_is_read(write):
    """Others do not count; a file with only one needs no name."""
    path = write(split_file("train", "test", "test"))
    assert list(read_references(path, split="test").references) == ["1", "2"]
    assert list(read_references(write(split_file("val", "val"))).references) == ["0", "1"]


@pytest.mark.parametrize(("split", "found"), [("", "2 splits"), ("tset", "no split 'tset'")])
def test_split_that_is_not_clear_is_refused(write, split, found):
    """The splits that there are, and a flag to copy."""
    with pytest.raises(ConfigError, match=found) as caught:
        read_references(write(split_file("train", "test")), split=split)
    assert "train, test" in str(caught.value)
    assert "--split test" in caught.value.remedy


def test_two_images_of_one_name_are_named_by_neither(write):
    """A name that stands for two examples must not pick one of them."""
    content = {
        "images": [{"id": 1, "file_name": "x.jpg"}, {"id": 2, "file_name": "x.png"}],
        "annotations": [{"image_id": n, "caption": "y"} for n in (1, 2)],
    }
    names = read_references(write(content)).names
    assert (names["x.jpg"], names["x.png"], names["x"]) == ("1", "2", "")
