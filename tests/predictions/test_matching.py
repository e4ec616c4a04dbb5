import pytest

from zsbench.predictions import match_ids

NAMES = {"COCO_val2014_000000000042.jpg": "42", "dog.jpg": "7", "dog": "7"}


@pytest.mark.parametrize(
    ("given", "known", "rule", "expected"),
    [
        (["7", "42"], ["42", "7"], "as they are", {"7": "7", "42": "42"}),
        (["val2014/dog.jpg"], ["7", "42"], "by the image's name", {"val2014/dog.jpg": "7"}),
        (["dog"], ["7"], "by the image's name", {"dog": "7"}),
        (["x_00042.jpg", "x_7.png"], ["42", "7"], "by the number at the end", {"x_00042.jpg": "42", "x_7.png": "7"}),
        (["4499.jpg"], ["4499"], "by the image's name", {"4499.jpg": "4499"}),
    ],
)
def test_ids_are_matched_however_they_are_spelt(given, known, rule, expected):
    """The first rule that knows them all, named in words."""
    matching = match_ids(given, known, NAMES)
    assert (matching.rule, matching.known, matching.unknown) == (rule, expected, ())


def test_exact_ids_stand_before_numbers():
    """Ids that are there as they are never go to another example by their number."""
    matching = match_ids(["a1", "b1"], ["a1", "b1", "1"], {})
    assert matching.known == {"a1": "a1", "b1": "b1"}


def test_shared_numbers_match_nothing():
    """Where two examples end in one number, it picks neither."""
    assert match_ids(["1"], ["a1", "b1"], {}).unknown == ("1",)


def test_second_prediction_for_an_example_is_a_clash():
    """Two names of one image are told, not overwritten."""
    matching = match_ids(["dog.jpg", "dog"], ["7", "42"], NAMES)
    assert matching.known == {"dog.jpg": "7"}
    assert matching.clashes == ("dog",)
