import pytest

from zsbench.errors import CorruptDataError
from zsbench.predictions.karpathy import KARPATHY, iter_rows, iter_split_file


def test_references_inside_are_read_with_and_without_a_prediction(write):
    """The image's name is the id."""
    content = [
        {"image_name": "1.jpg", "captions": ["x", "y"], "prediction": "z"},
        {"image_name": "2.jpg", "captions": ["x"]},
    ]
    rows = [(row.id, row.prediction, row.references) for row in iter_rows(write(content))]
    assert rows == [("1.jpg", "z", ("x", "y")), ("2.jpg", None, ("x",))]


def test_split_file_gives_raw_sentences(write):
    """``cocoid`` is the id where there is one, ``imgid`` else; the file's name is another name."""
    images = [
        {"filename": "a.jpg", "split": "test", "cocoid": 9, "imgid": 1, "sentences": [{"raw": "A dog.", "tokens": []}]},
        {"filename": "b.jpg", "split": "val", "imgid": 2, "sentences": [{"raw": "x"}, {"raw": "y"}]},
    ]
    rows = list(iter_split_file(write({"images": images})))
    assert [(row.id, row.references, row.name, row.fields["split"]) for row in rows] == [
        ("9", ("A dog.",), "a.jpg", "test"),
        ("2", ("x", "y"), "b.jpg", "val"),
    ]


@pytest.mark.parametrize("sentences", [None, ["x"], "x"])
def test_split_file_without_sentences_is_refused(write, sentences):
    """Sentences are objects with a raw caption."""
    with pytest.raises(CorruptDataError, match=r"images\[0\] has no list of sentences"):
        list(iter_split_file(write({"images": [{"filename": "a.jpg", "imgid": 1, "sentences": sentences}]})))


def test_other_splits_are_another_programs():
    """Karpathy's four splits are MAGIC's; `valid` and NoCaps' domains are not."""
    entry = {"image_name": "1.jpg", "captions": ["x"]}
    assert KARPATHY.accepts({**entry, "split": "test"})
    assert not KARPATHY.accepts({**entry, "split": "valid"})
