"""What the store holds, who uses it, and what may go."""

from __future__ import annotations

import errno
import json
import os

import pytest
from filelock import FileLock

from zsbench.cache import (
    DAY,
    Pruning,
    choose_prunable,
    hold_use,
    list_entries,
    list_partials,
    note_use,
    remove_entries,
    verify_entries,
)
from zsbench.store import Store

KEYS = [f"{number}5c0" * 8 for number in range(3)]


@pytest.fixture
def store(tmp_path):
    """Three entries of 102 bytes and more, made three, two and one days after the epoch's first hundred days."""
    store = Store(tmp_path / "store")
    for number, key in enumerate(KEYS):
        (store.partial("score", key) / "scores.json").write_text("x" * 100, encoding="utf-8")
        entry = store.commit("score", key, {"n": number}, seconds=1.0, label=f"cell {number}")
        moment = (100 + number) * DAY
        os.utime(entry.folder / "entry.json", (moment, moment))
    return store


def nobody(done, total):
    """Nobody listens."""


def test_entries_are_listed_oldest_first_with_their_labels(store):
    """Size counts every file of the entry."""
    entries = list_entries(store)
    assert [(entry.kind, entry.key, entry.label) for entry in entries] == [
        ("score", key, f"cell {number}") for number, key in enumerate(KEYS)
    ]
    assert all(entry.size > 100 for entry in entries)


def test_an_empty_store_has_no_entries(tmp_path):
    """Before the first run there is no folder at all."""
    assert list_entries(Store(tmp_path / "none")) == []
    assert list_partials(Store(tmp_path / "none")) == []


def test_an_entry_is_used_while_the_run_folder_is_there(store, tmp_path):
    """A run that was deleted uses nothing."""
    for name in ("kept", "gone"):
        (tmp_path / name).mkdir()
        note_use(store, tmp_path / name, KEYS[:2] if name == "kept" else KEYS)
    (tmp_path / "gone").rmdir()
    assert [len(entry.runs) for entry in list_entries(store)] == [1, 1, 0]
    assert list_entries(store)[0].runs == (str(tmp_path / "kept"),)


def test_a_note_that_cannot_be_read_keeps_nothing(store, tmp_path):
    """Neither does it stop the listing."""
    note_use(store, tmp_path, KEYS)
    (note,) = (store.root / "runs").glob("*.json")
    note.write_text("{", encoding="utf-8")
    assert [entry.runs for entry in list_entries(store)] == [(), (), ()]


@pytest.mark.parametrize(
    ("pruning", "expected"),
    [
        (Pruning(), []),
        (Pruning(unused=True), KEYS[1:]),
        (Pruning(older_than=9.5), KEYS[:1]),
        (Pruning(older_than=100), []),
        (Pruning(max_size=0), KEYS),
        (Pruning(max_size=10**9), []),
        (Pruning(unused=True, older_than=9.5), KEYS),
    ],
)
def test_entries_go_by_use_age_and_size(store, tmp_path, pruning, expected):
    """Ten days after the oldest was made; the oldest is used."""
    note_use(store, tmp_path, KEYS[:1])
    assert [entry.key for entry in choose_prunable(list_entries(store), pruning, now=110 * DAY)] == expected


def test_the_oldest_go_until_the_rest_fits(store):
    """Room for one entry leaves the newest."""
    entries = list_entries(store)
    pruning = Pruning(max_size=entries[-1].size)
    assert [entry.key for entry in choose_prunable(entries, pruning)] == KEYS[:2]


def test_removed_entries_are_gone_and_their_bytes_counted(store):
    """The others stay."""
    entries = list_entries(store)
    assert remove_entries(store, entries[:2]) == entries[0].size + entries[1].size
    assert [entry.key for entry in list_entries(store)] == KEYS[2:]


def test_what_another_process_holds_is_left(store):
    """Neither an entry nor an interrupted folder is taken away under somebody's hands."""
    partial = store.partial("train", KEYS[0])
    with FileLock(store.root / "locks" / f"{KEYS[0]}.lock"):
        assert list_partials(store) == []
        assert remove_entries(store, list_entries(store)[:1], [partial]) == 0
    assert len(list_entries(store)) == 3
    assert list_partials(store) == [partial]
    remove_entries(store, [], [partial])
    assert not partial.exists()


@pytest.mark.parametrize("damage", ["changed", "missing", "manifest"])
def test_an_entry_that_is_not_whole_is_named(store, damage):
    """One of three."""
    entry = list_entries(store)[1]
    if damage == "missing":
        (entry.folder / "scores.json").unlink()
    else:
        (entry.folder / ("entry.json" if damage == "manifest" else "scores.json")).write_text("{", encoding="utf-8")
    assert list(verify_entries(store, list_entries(store), nobody)) == [KEYS[1]]


def test_what_a_run_in_progress_rests_on_is_not_pruned(store):
    """Whatever the rule, until the run ends; its note goes with it."""
    everything = Pruning(unused=True, older_than=0.0, max_size=0)
    with hold_use(store, KEYS[:2]):
        assert [entry.key for entry in choose_prunable(list_entries(store), everything)] == KEYS[2:]
    assert len(choose_prunable(list_entries(store), everything)) == 3
    assert not list((store.root / "runs").glob("*.json"))


def test_the_note_of_a_run_that_was_killed_holds_nothing(store):
    """Its lock went with its process."""
    (store.root / "runs").mkdir()
    (store.root / "runs" / "held-1-1.json").write_text(json.dumps({"keys": KEYS}), encoding="utf-8")
    assert not any(entry.held for entry in list_entries(store))
    assert not list((store.root / "runs").glob("held-*"))


@pytest.mark.parametrize("hours", [-1, 1])
def test_a_clock_that_jumps_back_makes_no_entry_old(store, hours):
    """An entry of the future has no age, and is not older than anything."""
    entries = list_entries(store)
    moment = entries[0].finished + hours * 3600
    assert choose_prunable(entries[:1], Pruning(older_than=0.5), now=moment) == []


def test_a_store_that_cannot_be_written_takes_no_notes(store, tmp_path, monkeypatch):
    """A run that finds everything there goes on without."""

    def refuse(path, text):
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr("zsbench.cache.write_text", refuse)
    note_use(store, tmp_path, KEYS)
    with hold_use(store, KEYS):
        assert not any(entry.held for entry in list_entries(store))
