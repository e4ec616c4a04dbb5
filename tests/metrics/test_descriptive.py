"""What captions are like, and what training text and references share."""

from __future__ import annotations

import pytest

from zsbench.metrics.descriptive import describe_captions, measure_overlap, plain_texts

CAPTIONS = ["A dog runs.", "a dog runs", "A red-hot car", ""]


def test_words_are_counted_without_case_and_punctuation():
    """Nine words, five of them distinct; a hyphenated word is one."""
    found = describe_captions(CAPTIONS)
    assert found.mean_length == pytest.approx(9 / 4)
    assert found.vocabulary == 5
    assert found.distinct_1 == pytest.approx(5 / 9)
    assert found.distinct_2 == pytest.approx(4 / 6)
    assert found.repeated_share is None


def test_no_captions_are_no_division_by_zero():
    """An empty set has no words."""
    found = describe_captions([], plain_texts(["a dog"]))
    assert (found.mean_length, found.vocabulary, found.distinct_1, found.repeated_share) == (0, 0, 0, 0)


def test_repeated_captions_are_found_whatever_their_case_and_punctuation():
    """Two of the four captions are the one training text."""
    assert describe_captions(CAPTIONS, plain_texts(["A  DOG runs!"])).repeated_share == 0.5


def test_references_in_the_training_text_are_counted_by_caption_and_by_image():
    """Three of five references, on two of three images."""
    references = {"1": ["A cat.", "The cat"], "2": ["a Cat", "a cat"], "3": ["A bird"]}
    found = measure_overlap(references, plain_texts(["a cat", "the dog"]))
    assert (found.references, found.shared, found.images, found.images_touched) == (5, 3, 3, 2)


def test_nothing_is_shared_with_other_text():
    """Words in another order are another text."""
    assert measure_overlap({"1": ["a dog and a cat"]}, plain_texts(["a cat and a dog"])).shared == 0
