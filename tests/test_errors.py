"""The error tree."""

from __future__ import annotations

import inspect

from zsbench import errors


def test_every_error_belongs_to_the_tree_and_is_drawn():
    """No error stands outside, and the module's drawing names each."""
    classes = [c for _, c in inspect.getmembers(errors, inspect.isclass) if issubclass(c, Exception)]
    for cls in classes:
        if issubclass(cls, Warning):
            continue
        assert issubclass(cls, errors.ZsbenchError)
        assert cls.__name__ in (errors.__doc__ or "")


def test_a_message_has_three_sentences():
    """Found, expected, remedy, in this order."""
    error = errors.ZsbenchError("There are two.", "One is expected.", "Remove one.")
    assert str(error) == "There are two. One is expected. Remove one."
    assert (error.found, error.expected, error.remedy) == ("There are two.", "One is expected.", "Remove one.")


def test_closest_finds_near_words_only():
    """Nothing is suggested for something else entirely."""
    assert errors.closest("macap", ["maccap", "clipre"]) == "maccap"
    assert errors.closest("xyz", ["maccap", "clipre"]) is None
