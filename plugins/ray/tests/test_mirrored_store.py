"""Two machines that share a URL: what one makes the other finds."""

from __future__ import annotations

import uuid
from pathlib import Path

import fsspec
import pytest

from zsbench.errors import ConfigError, MissingDataError, MissingDependencyError
from zsbench.store import Store
from zsbench_ray.mirrored_store import MirroredStore, open_store
from zsbench_ray.shared_store import SharedStore


@pytest.fixture
def url():
    """A place in memory that only this test has."""
    place = f"memory://{uuid.uuid4().hex}/store"
    yield place
    files, path = fsspec.core.url_to_fs(place)
    if files.exists(path):
        files.rm(path, recursive=True)


@pytest.fixture
def machines(tmp_path, url):
    """The stores of two machines."""
    return MirroredStore(tmp_path / "a", url), MirroredStore(tmp_path / "b", url)


def put(store, text="made\n", key="k"):
    """Make an entry."""
    (store.partial("train", key) / "weights.txt").write_text(text, encoding="utf-8")
    return store.commit("train", key, {"seed": 0}, seconds=1.0, label="it")


def test_what_one_machine_makes_another_finds(machines):
    """Whole, with its checksums and how long it took."""
    here, there = machines
    made = put(here)
    found = there.find("train", "k")
    assert found.folder == there.root / "train" / "k"
    assert (found.folder / "weights.txt").read_text(encoding="utf-8") == "made\n"
    assert (found.files, found.seconds, found.final) == (made.files, made.seconds, made.final)
    found.check()


def test_what_nobody_made_is_not_found(machines):
    """Neither here nor there."""
    assert machines[1].find("train", "k") is None
    assert not machines[1].is_shared("train", "k")


def test_whether_an_entry_is_shared_is_seen_without_pulling_it(machines):
    """As the driver looks at what workers made."""
    here, there = machines
    put(here)
    assert there.is_shared("train", "k")
    assert not (there.root / "train").exists()


def test_an_entry_that_was_made_before_the_url_is_shared_when_it_is_used(machines, tmp_path):
    """A store may be put behind a URL later, and a push may have been cut off."""
    put(Store(tmp_path / "a"))
    here, there = machines
    assert there.find("train", "k") is None
    here.find("train", "k")
    assert there.find("train", "k") is not None


def test_a_damaged_entry_of_one_machine_is_not_shared(machines, tmp_path):
    """Whoever looks at it will find out."""
    (put(Store(tmp_path / "a")).folder / "weights.txt").write_text("other", encoding="utf-8")
    here, there = machines
    assert here.find("train", "k") is not None
    assert not there.is_shared("train", "k")


def test_an_entry_that_is_not_final_is_looked_for_again(machines):
    """Another machine may have made it whole since."""
    here, there = machines
    (here.partial("score", "k") / "scores.json").write_text("some", encoding="utf-8")
    here.commit("score", "k", {}, seconds=1.0, final=False)
    (there.partial("score", "k") / "scores.json").write_text("all", encoding="utf-8")
    there.commit("score", "k", {}, seconds=1.0)
    found = here.find("score", "k")
    assert found.final
    assert (found.folder / "scores.json").read_text(encoding="utf-8") == "all"


def test_a_stage_goes_on_from_chunks_of_another_machine(machines):
    """They do not stay in the entry, nor at the URL."""
    here, there = machines
    (here.partial("predict", "k") / "part-0000000-0000002.jsonl").write_text("two rows\n", encoding="utf-8")
    (here.partial("predict", "k") / "unfinished").write_text("half a", encoding="utf-8")
    here.push_chunks("predict", "k")
    folder = there.partial("predict", "k")
    assert [path.name for path in folder.iterdir()] == ["part-0000000-0000002.jsonl"]
    (folder / "predictions.jsonl").write_text("all rows\n", encoding="utf-8")
    (folder / "part-0000000-0000002.jsonl").unlink()
    entry = there.commit("predict", "k", {}, seconds=1.0)
    assert list(entry.files) == ["predictions.jsonl"]
    assert not there.sees("partial/predict-k")


def test_a_damaged_entry_is_not_taken_and_is_replaced(machines):
    """Its checksums tell."""
    here, there = machines
    put(here)
    here._files.pipe_file(f"{here._top}/train/k/weights.txt", b"other")
    assert there.find("train", "k") is None
    assert list((there.root / "partial").iterdir()) == []
    put(there)
    assert MirroredStore(here.root.parent / "c", here.url).find("train", "k") is not None


@pytest.mark.parametrize("content", [b"{", b"[]", b'{"files": {"../evil": "0"}}', b'{"files": {"a/b": "0"}}'])
def test_a_manifest_that_is_none_is_no_entry(machines, content):
    """Nothing leaves the folder of its entry."""
    here, there = machines
    here._files.makedirs(f"{here._top}/train/k", exist_ok=True)
    here._files.pipe_file(f"{here._top}/train/k/entry.json", content)
    assert there.find("train", "k") is None


def test_two_processes_of_a_machine_may_pull_at_once(machines, tmp_path):
    """Who comes second takes what the first pulled."""
    here, there = machines
    put(here)
    twin = MirroredStore(there.root, there.url)
    assert there.find("train", "k") is not None
    assert twin._pull("train", "k") is not None
    assert list((there.root / "partial").iterdir()) == []


def test_an_unknown_kind_of_url_is_refused():
    """The message says what a URL looks like."""
    with pytest.raises(ConfigError, match="s3://bucket/store"):
        open_store(Path(), "nonsense://bucket")


def test_a_missing_package_is_named(monkeypatch, tmp_path):
    """With the command that installs it."""

    def lacking(url):
        raise ImportError("Install s3fs to access S3")

    monkeypatch.setattr(fsspec.core, "url_to_fs", lacking)
    with pytest.raises(MissingDependencyError, match="pip install s3fs"):
        open_store(tmp_path, "s3://bucket/store")


def test_a_url_that_cannot_be_written_is_refused(tmp_path):
    """Before the first stage."""
    (tmp_path / "file").touch()
    with pytest.raises(MissingDataError, match="cannot be used"):
        MirroredStore(tmp_path / "a", f"file://{tmp_path}/file/store").mark("token")


def test_without_a_url_the_store_is_a_folder_that_all_machines_see(tmp_path):
    """Nothing is copied."""
    assert type(open_store(tmp_path)) is SharedStore
