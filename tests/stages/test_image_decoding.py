"""Images are decoded ahead, in order, by a thread or by processes, and failures keep their names."""

from __future__ import annotations

import multiprocessing
import threading
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from zsbench.components import Item
from zsbench.errors import CorruptDataError, MissingDataError
from zsbench.stages.image_decoding import ImageDecoder, count_decoders


def mean_colour(image: Image.Image) -> torch.Tensor:
    return torch.from_numpy(np.asarray(image).reshape(-1, 3).mean(0).astype(np.float32))


@pytest.fixture
def items(tmp_path) -> list[Item]:
    """Twenty pictures, the fourth no image and the fifth not there."""
    rng = np.random.default_rng(0)
    items = [Item(f"picture-{row}", row, tmp_path / f"{row}.png") for row in range(20)]
    for item in items:
        Image.fromarray(rng.integers(0, 256, (8, 9, 3), dtype=np.uint8)).save(item.path)
    items[3].path.write_bytes(b"no image")
    items[4].path.unlink()
    return items


@pytest.fixture
def decoder(items) -> ImageDecoder:
    return ImageDecoder([items[at : at + 3] for at in range(0, 20, 3)], mean_colour)


@pytest.mark.parametrize("processes", [0, 2])
def test_blocks_come_in_order_whoever_decodes(decoder, processes):
    """A thread and processes give what reading block by block gives."""
    found = list(decoder.iter_blocks(processes=processes))
    assert [len(block.prepared) for block in found] == [3, 3, 3, 3, 3, 3, 2]
    for index, block in enumerate(found):
        prepared, failures = decoder[index]
        assert torch.equal(block.prepared, prepared)
        assert block.failures == failures


@pytest.mark.parametrize("processes", [0, 2])
def test_decoding_leaves_the_global_random_state(decoder, processes):
    """Loaders like to draw seeds from it."""
    before = torch.random.get_rng_state()
    list(decoder.iter_blocks(processes=processes))
    assert torch.equal(torch.random.get_rng_state(), before)


@pytest.mark.parametrize("processes", [0, 2])
def test_what_cannot_be_read_is_named(decoder, processes):
    """The errors are those of reading the image here: class, sentences and path."""
    failures = {}
    for block in decoder.iter_blocks(processes=processes):
        failures |= block.failures
    assert set(failures) == {3, 4}
    assert isinstance(failures[3].error, CorruptDataError)
    assert isinstance(failures[4].error, MissingDataError)
    assert "'picture-3' cannot be decoded" in str(failures[3].error)
    assert Path(failures[4].error.path).name == "4.png"


def test_a_thread_is_ahead_of_the_encoder(items):
    """While a block is worked on, the next ones are made; but not all of them."""
    made = []

    def note(image):
        made.append(threading.current_thread())
        return image

    decoder = ImageDecoder([[item] for item in items], note)
    blocks = decoder.iter_blocks(processes=0)
    next(blocks)
    deadline = time.monotonic() + 10
    while len(made) < 3 and time.monotonic() < deadline:
        time.sleep(0.01)
    blocks.close()
    assert 3 <= len(made) < 20
    assert threading.current_thread() not in made


def test_entries_that_are_no_tensors_stay_as_they_are(items):
    """An encoder that prepares nothing gets the images."""
    block = next(ImageDecoder([items[:2]], lambda image: image).iter_blocks(processes=0))
    assert [image.size for image in block.prepared] == [(9, 8), (9, 8)]


@pytest.mark.parametrize(
    ("cores", "computing", "blocks", "expected"),
    [(1, 1, 100, 0), (2, 2, 100, 0), (2, 1, 100, 1), (64, 1, 1000, 16), (16, 1, 8, 2), (16, 1, 3, 0)],
)
def test_processes_decode_where_cores_are_to_spare(monkeypatch, cores, computing, blocks, expected):
    """None where every core computes or there is little to decode; never more than the most."""
    monkeypatch.setattr("zsbench.stages.image_decoding.SHARED_MEMORY", Path("/"))
    assert count_decoders(cores, computing, blocks) == expected


def test_little_shared_memory_leaves_it_to_a_thread(monkeypatch):
    """A container with 64 MB for what processes hand over has room for none."""
    usage = type("Usage", (), {"free": 64_000_000})
    monkeypatch.setattr("zsbench.stages.image_decoding.shutil.disk_usage", lambda _: usage)
    assert count_decoders(16, 1, 100) == 0


def test_a_daemon_leaves_it_to_a_thread(monkeypatch):
    """It may not have processes of its own."""
    monkeypatch.setitem(multiprocessing.current_process()._config, "daemon", True)
    assert count_decoders(16, 1, 100) == 0
