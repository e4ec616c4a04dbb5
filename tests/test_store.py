"""The store: commit, find, verify, rebuild."""

from __future__ import annotations

import pytest

from zsbench.errors import HashMismatchError
from zsbench.store import Store, default_cache

KEY = "5c0e" * 8


@pytest.fixture
def store(tmp_path) -> Store:
    return Store(tmp_path)


@pytest.fixture
def committed(store):
    (store.partial("score", KEY) / "scores.json").write_text("{}", encoding="utf-8")
    return store.commit("score", KEY, {"a": 1}, seconds=1.5)


def test_nothing_is_found_before_a_commit(store):
    """A partial folder is no entry."""
    (store.partial("score", KEY) / "scores.json").write_text("{}", encoding="utf-8")
    assert store.find("score", KEY) is None


def test_a_committed_entry_is_found_and_whole(store, committed):
    """The entry holds its files, checksums and time."""
    entry = store.find("score", KEY)
    assert entry is not None
    entry.check()
    assert (entry.folder, set(entry.files), entry.seconds) == (committed.folder, {"scores.json"}, 1.5)


def test_a_changed_file_is_detected(store, committed):
    """One flipped byte fails the check."""
    (committed.folder / "scores.json").write_text("[]", encoding="utf-8")
    with pytest.raises(HashMismatchError, match="not what was written"):
        store.find("score", KEY).check()


def test_a_missing_file_is_detected(store, committed):
    """A deleted file fails the check."""
    (committed.folder / "scores.json").unlink()
    with pytest.raises(HashMismatchError, match="is missing"):
        store.find("score", KEY).check()


@pytest.mark.parametrize("damage", [b"", b"{", b"[1]", b"\xff\xfe"])
def test_a_damaged_manifest_is_detected(store, committed, damage):
    """A broken entry.json fails the check instead of raising something else."""
    (committed.folder / "entry.json").write_bytes(damage)
    with pytest.raises(HashMismatchError):
        store.find("score", KEY).check()


def test_a_discarded_entry_can_be_made_again(store, committed):
    """Discard, then commit, then find."""
    store.discard("score", KEY)
    assert store.find("score", KEY) is None
    (store.partial("score", KEY) / "scores.json").write_text("{}", encoding="utf-8")
    store.commit("score", KEY, {"a": 1}, seconds=1.0).check()
    assert store.find("score", KEY) is not None


def test_what_an_interrupted_run_finished_is_kept(store):
    """The partial folder survives; half-written temporary files are dropped at the commit."""
    (store.partial("predict", KEY) / "part-0").write_text("a", encoding="utf-8")
    (store.partial("predict", KEY) / "part-1.tmp").write_text("b", encoding="utf-8")
    assert set(store.commit("predict", KEY, {}, seconds=0.0).files) == {"part-0"}


def test_the_cache_folder_follows_the_environment(monkeypatch, tmp_path):
    """ZSBENCH_CACHE wins."""
    monkeypatch.setenv("ZSBENCH_CACHE", str(tmp_path))
    assert default_cache() == tmp_path
    monkeypatch.delenv("ZSBENCH_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert default_cache() == tmp_path / "zsbench"
