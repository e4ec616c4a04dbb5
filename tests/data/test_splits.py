"""Data that are not the split that their card names."""

from __future__ import annotations

import hashlib

import pytest

import zsbench_fakes
from zsbench.data import OfficialSplits, hash_ids

IDS = hash_ids(zsbench_fakes.COLOURS)


@pytest.fixture
def remark_on(registry, world, monkeypatch):
    """What is said of the grouped fake task with changes to its card, and to the card of the plain one."""

    def _remark_on(own, other=None):
        grouped = zsbench_fakes.GroupedTask(world)
        card = grouped.card.model_copy(update=own)
        plain = zsbench_fakes.FakeTask(world).card.model_copy(update=other or {})
        monkeypatch.setattr(zsbench_fakes.GroupedTask, "card", card)
        monkeypatch.setattr(zsbench_fakes.FakeTask, "card", plain)
        return OfficialSplits(registry).check(grouped)

    return _remark_on


def test_ids_are_hashed_sorted_one_a_line():
    """So that the order of a file does not matter."""
    assert hash_ids(["b", "a"]) == hashlib.sha256(b"a\nb").hexdigest()


def test_the_official_split_is_not_remarked_on(remark_on):
    """Ids, count and groups agree."""
    official = {"examples": 10, "ids_sha256": IDS, "group_examples": {"shade": {"dark": 3, "light": 7}}}
    assert remark_on(official) == ""


def test_a_card_that_knows_nothing_finds_nothing(remark_on):
    """One's own data may be any, the ids of an official split among them."""
    assert remark_on({}, other={"ids_sha256": IDS}) == ""


def test_another_count_is_told_in_one_sentence(remark_on):
    """Ids and groups of a smaller split differ anyway."""
    official = {"examples": 5000, "ids_sha256": "0" * 64, "group_examples": {"shade": {"dark": 3000, "light": 2000}}}
    assert remark_on(official) == "fake-grouped has 10 examples here; the official split has 5,000."


def test_other_ids_of_the_same_count_are_told(remark_on):
    """A split of the same size may be another one."""
    remark = remark_on({"examples": 10, "ids_sha256": "0" * 64})
    assert (
        remark
        == f"fake-grouped has other ids here than the official split (SHA-256 {IDS[:12]}, official 000000000000)."
    )


@pytest.mark.parametrize("own", [{"examples": 9}, {"examples": 10}, {"examples": 10, "ids_sha256": "0" * 64}])
def test_the_ids_of_another_task_are_told_by_its_name(remark_on, own):
    """A file may carry one split under the name of another, whether counts differ or agree."""
    remark = remark_on(own, other={"ids_sha256": IDS})
    assert remark == "fake-grouped has the 10 ids of fake-task here, not those of its own split."


@pytest.mark.parametrize("hash_", [IDS, None])
def test_groups_of_another_size_are_told(remark_on, hash_):
    """Also where the ids are those of the card."""
    groups = {"shade": {"dark": 4, "light": 7, "pale": 1}}
    remark = remark_on({"examples": 10, "ids_sha256": hash_, "group_examples": groups})
    assert remark == (
        "fake-grouped has here 3 examples of shade dark (official: 4), 0 examples of shade pale (official: 1)."
    )


def test_a_task_of_a_broken_plugin_does_not_stop_the_check(remark_on, monkeypatch):
    """Its card is passed over."""

    def fail(self):
        raise RuntimeError("broken on purpose")

    monkeypatch.setattr(zsbench_fakes.FakeQuestions, "card", property(fail))
    assert "10 examples here" in remark_on({"examples": 9})
