import pytest

from zsbench.errors import CorruptDataError
from zsbench.predictions.coco import iter_captions, iter_results


def test_results_are_read(write):
    """Ids become texts, captions stay as they are."""
    rows = list(iter_results(write([{"image_id": 42, "caption": " A dog.\n", "score": 0.5}])))
    assert [(row.id, row.prediction, row.fields["score"]) for row in rows] == [("42", " A dog.\n", 0.5)]


def test_captions_are_gathered_by_image_in_the_order_of_images(write):
    """Images first to last with their names; an image without captions has no reference, one without entry comes last."""
    content = {
        "annotations": [{"image_id": n, "caption": f"{n}{k}"} for k in "ab" for n in (2, 1, 9)],
        "images": [{"id": 1, "file_name": "1.jpg"}, {"id": 2}, {"id": 3}],
    }
    rows = [(row.id, row.references, row.name) for row in iter_captions(write(content))]
    assert rows == [("1", ("1a", "1b"), "1.jpg"), ("2", ("2a", "2b"), ""), ("3", (), ""), ("9", ("9a", "9b"), "")]


def test_wrong_entry_is_named_by_number(write):
    """The second entry's caption is a list."""
    with pytest.raises(CorruptDataError, match="entry 1 has the caption"):
        list(iter_results(write([{"image_id": 1, "caption": "x"}, {"image_id": 2, "caption": ["y"]}])))
