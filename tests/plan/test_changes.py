"""Why a stage must be made again, in words."""

from __future__ import annotations

import pytest

from zsbench.plan.changes import EarlierOutputs, name_changes
from zsbench.store import Store
from zsbench_stages import FakeStage

BEFORE = {
    "material": {"settings": {"training": {"steps": 2000}, "words": None}, "encoder": "a" * 64, "seed": 0},
    "inputs": {"text-features of captions": "1"},
    "components": ["plugin:Captioner", "plugin:Gap"],
    "arithmetic": {"device": "cpu"},
    "libraries": {"torch": "2.6", "numpy": "2.0"},
    "code": {"plugin": "1", "plugin.old": "2"},
}


@pytest.mark.parametrize(
    ("part", "now", "expected"),
    [
        (
            "material",
            {"settings": {"training": {"steps": 3000}, "words": 4}, "encoder": "a" * 64, "seed": 0},
            ["training.steps: 2000 -> 3000", "words: none -> 4"],
        ),
        (
            "material",
            {**BEFORE["material"], "encoder": "b" * 64},
            ["encoder: aaaaaaaa... -> bbbbbbbb..."],
        ),
        ("inputs", {"text-features of captions": "2"}, ["text-features of captions changed"]),
        (
            "components",
            ["plugin:Captioner", "plugin:Other"],
            ["component plugin:Gap is another", "component plugin:Other is another"],
        ),
        ("arithmetic", {"device": "cpu", "threads": "2"}, ["threads: none -> 2"]),
        ("libraries", {"torch": "2.7", "numpy": "2.0"}, ["version of torch: 2.6 -> 2.7"]),
        (
            "code",
            {"plugin": "3", "plugin.new": "4"},
            ["code of plugin changed", "code of plugin.new is new", "code of plugin.old is gone"],
        ),
    ],
)
def test_each_part_is_told_in_words(part, now, expected):
    """Settings by their dotted names; hashes are shortened."""
    assert name_changes(BEFORE, {**BEFORE, part: now}) == expected


def test_nothing_is_told_of_what_is_alike():
    """No part differs."""
    assert name_changes(BEFORE, BEFORE) == []


class Known(FakeStage):
    """A stage of another key than the outputs in the store, which depends on so much."""

    depends_on = BEFORE


@pytest.fixture
def store(tmp_path):
    """Outputs of the same kind: two of the same name, one of another."""
    store = Store(tmp_path)
    worse = {**BEFORE, "libraries": {"torch": "1.0", "numpy": "1.0"}, "arithmetic": {"device": "cuda"}}
    nearest = {**BEFORE, "code": {"plugin": "0", "plugin.old": "2"}}
    for key, label, material in (("a", "mine", worse), ("b", "mine", nearest), ("c", "another", BEFORE)):
        store.partial("train", key)
        store.commit("train", key, material, seconds=0.0, label=label)
    return store


def test_a_missing_stage_is_compared_with_the_nearest_of_its_name(store):
    """One module changed since."""
    assert EarlierOutputs(store).explain(Known(label="mine")) == ["code of plugin changed"]


def test_a_stage_that_was_never_made_says_so(store):
    """Others of its kind explain nothing."""
    assert EarlierOutputs(store).explain(Known(label="new")) == ["not made before"]
    assert EarlierOutputs(store).explain(Known(label="mine", kind="predict")) == ["not made before"]


@pytest.mark.parametrize("damage", ["{", "[]", '{"label": "mine"}', '{"label": "mine", "material": 3}'])
def test_a_damaged_entry_explains_nothing(store, damage):
    """And stops nobody."""
    for key in "ab":
        (store.path("train", key) / "entry.json").write_text(damage, encoding="utf-8")
    assert EarlierOutputs(store).explain(Known(label="mine")) == ["not made before"]
