"""Image features: shards that go on, memory maps, and batches that shrink when memory runs out."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import torch

import zsbench_fakes
from zsbench.stages import image_features, shards
from zsbench.stages.image_features import ImageFeatureReader

PARTS = ("pooled", "patches", "class_token", "attention")


def forget(folder: Path) -> None:
    """Remove the predictions of a store, so that the next run needs image features; and these."""
    shutil.rmtree(folder.parent.parent / "predict")
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def small_shards(monkeypatch):
    """Four images a shard, two a block."""
    monkeypatch.setattr(shards, "IMAGES_PER_SHARD", 4)
    monkeypatch.setattr(image_features, "IMAGES_PER_BLOCK", 2)


@pytest.fixture
def encode(session, tmp_path):
    """Run a session; the folder of its image features, and its result."""

    def _encode():
        result = session(captioners=["fake"]).run()
        [key] = [key for key, stage in result.plan.stages.items() if stage.kind == "image-features"]
        return tmp_path / "cache" / "store" / "image-features" / key, result

    return _encode


def test_rows_do_not_depend_on_shards_and_blocks(encode, small_shards, monkeypatch):
    """Any size gives the same features."""
    folder, _ = encode()
    few = ImageFeatureReader(folder).read(range(10))
    assert len(list(folder.glob("shard-*.safetensors"))) == 3
    monkeypatch.undo()
    forget(folder)
    whole = ImageFeatureReader(encode()[0]).read(range(10))
    assert all(torch.equal(getattr(few, name), getattr(whole, name)) for name in PARTS)


def test_a_shard_is_mapped_and_not_read(encode):
    """Its tensors are files in memory: asking for one row copies that row alone."""
    reader = ImageFeatureReader(encode()[0])
    row = reader.read([3])
    assert row.patches.untyped_storage().nbytes() == row.patches.nbytes
    assert "shard-0000000" in Path("/proc/self/maps").read_text(encoding="utf-8")


def test_an_interrupted_stage_keeps_its_shards(encode, small_shards, monkeypatch):
    """Only what is missing is encoded, and the features are the same."""
    folder, _ = encode()
    before = {path.name: path.read_bytes() for path in folder.glob("shard-*")}
    partial = folder.parent.parent / "partial" / f"image-features-{folder.name}"
    folder.rename(partial)
    (partial / "entry.json").unlink()
    (partial / "shard-0000004.safetensors").unlink()
    encoded = []
    plain = zsbench_fakes.FakeEncoder.encode_images
    monkeypatch.setattr(
        zsbench_fakes.FakeEncoder, "encode_images", lambda self, images: encoded.extend(images) or plain(self, images)
    )
    forget(folder)
    encode()
    assert len(encoded) == 4
    assert {path.name: path.read_bytes() for path in folder.glob("shard-*")} == before


@pytest.mark.parametrize("error", [MemoryError, torch.OutOfMemoryError])
def test_out_of_memory_is_survived_and_recorded(encode, notes, monkeypatch, error):
    """Features are the same, and the run and its record say what happened."""
    folder, _ = encode()
    expected = ImageFeatureReader(folder).read(range(10))
    forget(folder)
    plain = zsbench_fakes.FakeEncoder.encode_images

    def cramped(self, images):
        if len(images) > 3:
            raise error
        return plain(self, images)

    monkeypatch.setattr(zsbench_fakes.FakeEncoder, "encode_images", cramped)
    folder, result = encode()
    found = ImageFeatureReader(folder).read(range(10))
    assert all(torch.equal(getattr(found, name), getattr(expected, name)) for name in PARTS)
    halved = [(10, 5), (5, 2)]
    told = [f"Memory ran out with {before} images at once; went on with {after}." for before, after in halved]
    run = json.loads((result.folder / "run.json").read_text(encoding="utf-8"))
    [remarks] = [stage["remarks"] for stage in run["stages"] if stage["remarks"]]
    assert remarks == told
    assert [text.partition(": ")[2] for text in notes.remarks if "Memory" in text] == told


def test_an_encoder_that_fits_nothing_fails_its_cells(encode, monkeypatch):
    """The reason is told in three sentences."""

    def full(self, images):
        raise MemoryError("no room")

    monkeypatch.setattr(zsbench_fakes.FakeEncoder, "encode_images", full)
    _, result = encode()
    assert [row.status for row in result.results] == ["failed"]
    assert "Memory ran out with 1 images at once (no room)." in result.results[0].reason
