"""What may be compared, and what competes for the best of a column."""

from __future__ import annotations

import pytest

from zsbench.judgement.comparability import (
    find_objection,
    find_usual_signature,
    is_upper_bound,
    is_zero_shot,
    iter_setting_differences,
    list_versions,
    signature_differences,
)

ONE = "CIDEr-D|tok:ptb-3.4.1|idf:coco:5000:ab|n:10|ids:cd|zsbench:0.1.0"


def test_another_version_of_zsbench_forbids_no_comparison():
    """Whatever changes a score has a field of its own; the versions are told."""
    newer = ONE.replace("0.1.0", "0.2.0")
    assert signature_differences(ONE, newer) == []
    assert find_usual_signature([ONE, newer]) == ONE.rpartition("|")[0]
    assert list_versions([ONE, newer, ONE, "", "Words|n:1"]) == ["0.1.0", "0.2.0"]


def test_any_other_field_forbids_a_comparison():
    """By name; the examples may differ where only those of both are compared."""
    assert signature_differences(ONE, ONE.replace("n:10", "n:9")) == ["n: 10 against 9"]
    assert signature_differences(ONE, ONE.replace("n:10", "n:9"), partial=True) == []
    assert signature_differences(ONE, ONE.replace("ptb-3.4.1", "none"), partial=True) == ["tok: ptb-3.4.1 against none"]


@pytest.mark.parametrize(
    ("signatures", "usual"),
    [([], ""), (["a"], "a"), (["a", "b"], ""), (["a", "b", "b"], "b"), (["b", "a", "b", "a"], ""), (["", "a"], "a")],
)
def test_the_usual_signature_is_the_most_frequent_whatever_the_order(signatures, usual):
    """Two that are equally frequent leave no one to compare with."""
    assert find_usual_signature(signatures) == find_usual_signature(signatures[::-1]) == usual


@pytest.mark.parametrize(
    ("row", "word"),
    [
        ({}, ""),
        ({"signatures": ["b"]}, "signature differs"),
        ({"signatures": ["a", "b"]}, "signature differs"),
        ({"signatures": []}, ""),
        ({"data_used": "reference captions of the very image: an upper bound"}, "upper bound"),
        ({"data_used": "gap model fitted on paired images and captions of coco"}, "not zero-shot"),
        ({"data_used": "gap model fitted on unpaired images of coco"}, ""),
        ({"supervision": "paired"}, "not zero-shot"),
        ({"supervision": "text"}, ""),
        ({"supervision": "synthetic images"}, ""),
    ],
)
def test_a_row_that_does_not_compete_says_why(row, word):
    """An upper bound, pairs, another signature."""
    told = find_objection(**{"signatures": ["a"], "usual": "a", **row})
    assert bool(told) == bool(word)
    assert word in told


def test_old_records_say_nothing_of_supervision():
    """And are taken for what their data say."""
    assert is_zero_shot("")
    assert not is_zero_shot("", "gap model fitted on paired images")
    assert not is_upper_bound("")


def test_settings_are_compared_to_the_last_dot():
    """A setting that is there on one side alone differs."""
    found = list(iter_setting_differences("config", {"a": {"b": 1, "c": 2}}, {"a": {"b": 1, "c": 3, "d": 4}}))
    assert found == [("config.a.c", 2, 3), ("config.a.d", None, 4)]
