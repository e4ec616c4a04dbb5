"""Gap models at the size of COCO's text: seconds are reported, memory beside the features is asserted."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from zsbench.interfaces import GapModelSpec
from zsbench.plugins import load_plugins
from zsbench.registry import load_object

TEXTS, IMAGES, WIDTH = 566_000, 5_000, 512
MEMORY = 500_000
BLOCK = 20_000
KILOBYTES = 1024


def write_units(path, rows, *, seed):
    """Random unit vectors in a file, never whole in memory; memory-mapped."""
    rng = np.random.default_rng(seed)
    array = np.lib.format.open_memmap(path, "w+", np.float32, (rows, WIDTH))
    for start in range(0, rows, BLOCK):
        block = rng.standard_normal((min(BLOCK, rows - start), WIDTH), dtype=np.float32)
        array[start : start + len(block)] = block / np.linalg.norm(block, axis=1, keepdims=True)
    array.flush()
    return torch.from_numpy(np.load(path, mmap_mode="c"))


@pytest.fixture(scope="module")
def features(tmp_path_factory):
    """Texts and images, one to one, in files."""
    folder = tmp_path_factory.mktemp("features")
    return write_units(folder / "texts.npy", TEXTS, seed=1), write_units(folder / "images.npy", TEXTS, seed=2)


@pytest.fixture(scope="module")
def make():
    """A gap model by id."""
    registry = load_plugins().registry

    def _make(id_):
        spec = registry.get(GapModelSpec, id_)
        return load_object(spec.factory)(load_object(spec.config)())

    return _make


def resident():
    """Bytes of memory of this process's own: mapped files do not count."""
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    lines = dict(line.split(":", 1) for line in status.splitlines())
    return int(lines["RssAnon"].split()[0]) * KILOBYTES


@pytest.mark.parametrize("id_", ["mean-shift", "moment-match", "realign", "close-linear", "close-covariance"])
@pytest.mark.benchmark(group=f"fit on {TEXTS:,} x {WIDTH}")
def test_a_fit_takes_less_than_a_gigabyte_beside_its_features(benchmark, make, features, id_):
    """Two cores and 30 s are the aim; the peak of the process's own memory is watched while it runs."""
    model, before = make(id_), resident()
    watcher = _Peak()
    with watcher:
        benchmark.pedantic(lambda: model.fit(texts=features[0], images=features[1]), rounds=1)
    assert watcher.bytes - before < 1_000_000_000


@pytest.mark.benchmark(group=f"projection of {IMAGES:,} images on {MEMORY:,} texts")
def test_a_projection_takes_less_than_two_gigabytes(benchmark, make, features):
    """Two cores and 60 s are the aim; the memory of texts counts, no images x texts matrix is held."""
    texts, images = features[0][:MEMORY], features[1][:IMAGES].clone()
    model = make("text-memory")
    model.fit(texts=texts)
    before = resident()
    watcher = _Peak()
    with watcher:
        out = benchmark.pedantic(lambda: model.image_to_text(images, torch.Generator()), rounds=1)
    assert out.shape == images.shape
    assert watcher.bytes - before < 1_000_000_000
    assert MEMORY * WIDTH * 4 + (watcher.bytes - before) < 2_000_000_000


class _Peak:
    """The largest own memory while a block runs, looked at every twentieth of a second."""

    def __enter__(self):
        import threading

        self.bytes, self._done = resident(), threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._done.set()
        self._thread.join()

    def _watch(self):
        while not self._done.wait(0.05):
            self.bytes = max(self.bytes, resident())
