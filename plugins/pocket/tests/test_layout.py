"""The COCO layout on disk."""

from __future__ import annotations

import json
import re

import pytest
from PIL import Image

from zsbench_pocket.world.layout import (
    COCO_SPLITS,
    iter_split_scenes,
    materialize,
    name_world,
    tokenize_caption,
    write_coco_layout,
)
from zsbench_pocket.world.lexicon import IMAGE_SIDE, KIND_BY_NAME, NOVEL_KINDS


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return materialize(tmp_path_factory.mktemp("cache"))


@pytest.fixture(scope="module")
def images(folder):
    return json.loads((folder / "dataset_coco.json").read_text(encoding="utf-8"))["images"]


def test_splits_have_their_sizes_and_share_nothing(images):
    """Every image belongs to one split; ids, names and scenes are never shared."""
    for part in COCO_SPLITS:
        assert sum(entry["split"] == part.name for entry in images) == part.count
    for key in ("imgid", "cocoid", "filename"):
        assert len({entry[key] for entry in images}) == len(images)
    scenes = {part.name: {s for s, _ in iter_split_scenes(part.name)} for part in COCO_SPLITS[1:]}
    assert not scenes["restval"] & scenes["val"] | scenes["val"] & scenes["test"] | scenes["restval"] & scenes["test"]


def test_entries_follow_the_karpathy_schema(images):
    """Five sentences an image, running sentence ids, official names."""
    running = 0
    for entry in images:
        assert set(entry) == {"filepath", "filename", "split", "imgid", "cocoid", "sentids", "sentences"}
        assert entry["filename"] == f"COCO_{entry['filepath']}_{entry['cocoid']:012d}.jpg"
        assert (
            entry["sentids"]
            == [sentence["sentid"] for sentence in entry["sentences"]]
            == list(range(running, running + 5))
        )
        running += 5
        for sentence in entry["sentences"]:
            assert sentence["imgid"] == entry["imgid"]
            assert sentence["tokens"] == tokenize_caption(sentence["raw"])
            assert sentence["raw"].splitlines() == [sentence["raw"]]


def test_images_of_val_and_test_exist_and_those_of_training_do_not(folder, images):
    """Text-only training cannot open an image by mistake."""
    drawn = {part.name for part in COCO_SPLITS if part.drawn}
    for entry in images:
        assert (folder / entry["filepath"] / entry["filename"]).exists() == (entry["split"] in drawn)
    entry = images[-1]
    with Image.open(folder / entry["filepath"] / entry["filename"]) as image:
        assert (image.format, image.size, image.mode) == ("JPEG", (IMAGE_SIDE, IMAGE_SIDE), "RGB")


def test_novel_kinds_never_occur_in_the_captions(images):
    """The captioners' text knows base kinds alone, in every split."""
    novel = {w for k in NOVEL_KINDS for noun in KIND_BY_NAME[k].nouns for w in (noun.singular, noun.plural)}
    words = {word for entry in images for sentence in entry["sentences"] for word in sentence["tokens"]}
    assert not words & novel


def test_test_captions_rarely_repeat_training_captions(images):
    """The corpus does not cover the space of captions, so that retrieval is no oracle."""

    def plain(split):
        return [" ".join(s["tokens"]) for e in images if e["split"] in split for s in e["sentences"]]

    known, asked = set(plain({"train", "restval"})), plain({"test"})
    assert sum(text in known for text in asked) / len(asked) < 0.1


def test_materialize_writes_once_and_names_the_folder_by_content(folder, tmp_path):
    """A second call returns the same files untouched; another seed goes elsewhere."""
    before = (folder / "dataset_coco.json").stat().st_mtime_ns
    assert materialize(folder.parents[1]) == folder
    assert (folder / "dataset_coco.json").stat().st_mtime_ns == before
    assert folder.parent.name == name_world()
    assert name_world(seed=7) != name_world()


def test_writing_into_an_existing_folder_is_refused(tmp_path):
    """Nothing is overwritten."""
    (tmp_path / "coco").mkdir()
    with pytest.raises(FileExistsError, match=re.escape("exists already")):
        write_coco_layout(tmp_path / "coco")


def test_failed_writing_leaves_nothing_behind(tmp_path, monkeypatch):
    """A crash in the middle leaves neither the folder nor a draft of it."""
    monkeypatch.setattr("zsbench_pocket.world.layout.encode_jpeg", lambda _: 1 / 0)
    monkeypatch.setattr("zsbench_pocket.world.layout.COCO_SPLITS", COCO_SPLITS[2:])
    with pytest.raises(ZeroDivisionError):
        write_coco_layout(tmp_path / "coco")
    assert list(tmp_path.iterdir()) == []
