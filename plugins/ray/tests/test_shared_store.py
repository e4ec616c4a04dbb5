"""A store in a folder that several machines see."""

from __future__ import annotations

import pytest

from zsbench_ray import shared_store
from zsbench_ray.shared_store import SharedStore, shared_token


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    """What is not there will not come."""
    monkeypatch.setattr(shared_store, "PATIENCE", 0.0)
    monkeypatch.setattr(shared_store, "LOOK_EVERY", 0.0)


def test_an_entry_of_another_machine_is_found(tmp_path):
    """It is in the folder that both see."""
    there = SharedStore(tmp_path)
    there.partial("train", "k")
    there.commit("train", "k", {}, seconds=1.0)
    here = SharedStore(tmp_path)
    assert here.is_shared("train", "k")
    assert here.wait_for("train", "k").folder == tmp_path / "train" / "k"


def test_an_entry_that_is_never_seen_is_given_up(tmp_path):
    """After some patience."""
    assert SharedStore(tmp_path).wait_for("predict", "x") is None


def test_a_file_that_comes_late_is_waited_for(tmp_path, monkeypatch):
    """A network file system remembers what was not there."""
    monkeypatch.setattr(shared_store, "PATIENCE", 60.0)
    store, looks = SharedStore(tmp_path), []

    def sees(name):
        looks.append(name)
        return len(looks) > 2

    monkeypatch.setattr(store, "sees", sees)
    assert store.await_file("token")
    assert len(looks) == 3


def test_a_folder_that_is_not_mounted_is_not_waited_for(tmp_path, monkeypatch):
    """A node without the file system is refused at once."""
    monkeypatch.setattr(shared_store, "PATIENCE", 60.0)
    assert not SharedStore(tmp_path / "nowhere").await_file("token")


def test_a_token_is_seen_as_long_as_it_is_needed(tmp_path):
    """By who shares the folder, and nothing of it stays."""
    here, there = SharedStore(tmp_path / "store"), SharedStore(tmp_path / "store")
    with shared_token(here) as token:
        assert there.await_file(token)
        assert not SharedStore(tmp_path).await_file(token)
    assert not there.sees(token)
