"""Counting the objects that captions name."""

from __future__ import annotations

import pytest

from zsbench_pocket.nouns import count_nouns, kinds_in_caption, kinds_in_scenes
from zsbench_pocket.world.layout import iter_split_scenes


def test_synonyms_and_plurals_name_their_kind():
    """A crate is a box; verbs and colours are no objects."""
    assert kinds_in_caption("Two red crates beside a cottage.") == ["box", "house"]
    assert kinds_in_caption("a quiet night") == []


def test_only_objects_of_the_scene_are_right():
    """Each mention counts."""
    scenes = {"1": {"box", "cat"}}
    assert count_nouns([("1", "a cat, a dog and a box"), ("1", "a house"), ("1", "")], scenes) == (2, 3)


def test_the_references_name_only_what_is_there():
    """The world's own captions score one."""
    scenes = kinds_in_scenes("val")
    pairs = [
        (id_, caption)
        for id_, (_, captions) in zip(scenes, iter_split_scenes("val"), strict=True)
        for caption in captions
    ]
    right, total = count_nouns(pairs, scenes)
    assert right == total > 1000


def test_an_id_of_another_split_is_refused():
    """A test caption is not judged by a validation scene."""
    with pytest.raises(KeyError):
        count_nouns([("no-such-id", "a cat")], {"1": {"cat"}})
