"""The whole world on disk: four folders, written once."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor

import pytest

from zsbench_pocket.world import layout
from zsbench_pocket.world.layout import materialize, name_world, write_world


def _list_files(root):
    return {path.relative_to(root).as_posix(): path.stat().st_mtime_ns for path in root.rglob("*") if path.is_file()}


def test_data_root_holds_one_folder_for_each_data_set(world):
    """Every annotation file and image folder lies where its task looks for it."""
    assert sorted(path.name for path in world.iterdir()) == ["coco", "flickr30k", "nocaps", "vqa"]
    for name in (
        "coco/dataset_coco.json",
        "coco/val2014/COCO_val2014_000000400001.jpg",
        "flickr30k/dataset_flickr30k.json",
        "flickr30k/flickr30k-images/1000400001.jpg",
        "nocaps/nocaps_val_4500_captions.json",
        "vqa/v2_OpenEnded_mscoco_val2014_questions.json",
        "vqa/v2_mscoco_val2014_annotations.json",
    ):
        assert (world / name).is_file(), name


def test_materialize_writes_once_and_names_the_folder_by_content(world):
    """A second call returns the same files untouched; another seed goes elsewhere."""
    before = _list_files(world)
    assert materialize(world.parent) == world
    assert _list_files(world) == before
    assert world.name == name_world()
    assert name_world(seed=7) != name_world()


def test_name_follows_the_sizes(monkeypatch):
    """Other sizes are another world, so that an old cache is never taken for it."""
    before = name_world()
    monkeypatch.setattr(layout, "IMAGES", 3)
    assert name_world() != before


def test_callers_at_the_same_time_share_one_writing(tmp_path, monkeypatch):
    """Of several callers one writes and the others wait for it."""
    written = []

    def write(root, *, seed):
        written.append(root)
        root.mkdir()

    monkeypatch.setattr(layout, "write_world", write)
    with ThreadPoolExecutor(4) as pool:
        roots = list(pool.map(lambda _: materialize(tmp_path), range(8)))
    assert len(written) == 1
    assert set(roots) == {tmp_path / name_world()}


def test_writing_into_an_existing_folder_is_refused(tmp_path):
    """Nothing is overwritten."""
    (tmp_path / "world").mkdir()
    with pytest.raises(FileExistsError, match=re.escape("exists already")):
        write_world(tmp_path / "world")


def test_failed_writing_leaves_nothing_behind(tmp_path, monkeypatch):
    """A crash in the middle leaves neither the folder nor a draft of it."""

    def write(folder, _collection, *, seed):
        folder.mkdir()
        (folder / "half.json").write_text(str(seed), encoding="utf-8")

    monkeypatch.setattr(layout, "write_karpathy", write)
    monkeypatch.setattr(layout, "write_nocaps", lambda _folder, *, seed: seed / 0)
    with pytest.raises(ZeroDivisionError):
        write_world(tmp_path / "world")
    assert list(tmp_path.iterdir()) == []
