from pathlib import Path

import pytest

from zsbench.errors import CorruptDataError
from zsbench.predictions.rows import MAX_CHARACTERS, captions_under, id_under, text_under

PATH = Path("x.json")


@pytest.mark.parametrize("value", [None, True, 1.5, "", [1], {"a": 1}])
def test_id_that_is_none_is_refused(value):
    """A flag, a fraction, nothing or a list cannot name an example."""
    with pytest.raises(CorruptDataError, match="entry 3 has the image_id"):
        id_under(PATH, {"image_id": value}, "image_id", "entry 3")


@pytest.mark.parametrize("value", [None, 5, ["a dog"], {"text": "a dog"}])
def test_caption_that_is_no_text_is_refused(value):
    """The entry and the value are told."""
    with pytest.raises(CorruptDataError, match="entry 3 has the caption"):
        text_under(PATH, {"caption": value}, "caption", "entry 3")


def test_caption_of_a_book_is_refused():
    """The limit is far above any caption; the longest allowed one passes."""
    assert len(text_under(PATH, {"caption": "x" * MAX_CHARACTERS}, "caption", "entry 3")) == MAX_CHARACTERS
    with pytest.raises(CorruptDataError, match="100001 characters"):
        text_under(PATH, {"caption": "x" * (MAX_CHARACTERS + 1)}, "caption", "entry 3")


@pytest.mark.parametrize("value", ["a dog", None, [1], ["a dog", None]])
def test_captions_that_are_no_list_of_texts_are_refused(value):
    """A bare text is no list of references."""
    with pytest.raises(CorruptDataError):
        captions_under(PATH, {"captions": value}, "captions", "entry 3")
