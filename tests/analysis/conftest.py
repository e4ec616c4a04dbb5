"""Pairs whose gap is known, without any encoder."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from zsbench.analysis.pairs import Pairs
from zsbench.interfaces import ImageFeatures

IMAGES, CAPTIONS, WIDTH, PATCHES = 60, 3, 16, 9


class Reader:
    """Features in memory, read as a reader of shards reads them."""

    def __init__(self, features: ImageFeatures) -> None:
        self.whole = features

    def pooled(self, rows):
        return self.whole.pooled[list(rows)]

    def read(self, rows):
        parts = (self.whole.pooled, self.whole.patches, self.whole.class_token, self.whole.attention)
        return ImageFeatures(*(None if part is None else part[list(rows)] for part in parts))


def unit(x):
    return x / np.linalg.norm(x, axis=-1, keepdims=True)


def make_pairs(captions, pooled, owner, *, patches=None, files=()) -> Pairs:
    """Pairs of arrays; patches come with an attention that is uniform but for the first K patches."""
    parts = [None, None, None]
    if patches is not None:
        attention = torch.full((len(pooled), 1 + patches.shape[1], 1 + patches.shape[1]), 1.0 / (1 + patches.shape[1]))
        parts = [torch.tensor(patches).float(), torch.tensor(pooled).float(), attention]
    features = ImageFeatures(torch.tensor(pooled).float(), *parts)
    ids = tuple(str(row) for row in range(len(pooled)))
    return Pairs(
        encoder="made-up",
        fingerprint="0",
        task="made-up",
        ids=ids,
        files=tuple(files) or tuple(Path(id_) for id_ in ids),
        texts=tuple(f"caption {row} | <b>" for row in range(len(captions))),
        captions=captions,
        owner=owner,
        reader=Reader(features),
        rows=tuple(range(len(pooled))),
    )


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.fixture
def unit_rows():
    return unit


@pytest.fixture
def build():
    return make_pairs


@pytest.fixture
def pairs(rng, tmp_path):
    """Images with a constant gap to their captions, patches at random, and files that can be drawn."""
    scenes = unit(rng.normal(size=(IMAGES, WIDTH)))
    owner = np.repeat(np.arange(IMAGES), CAPTIONS)
    captions = unit(scenes[owner] + 0.1 * rng.normal(size=(len(owner), WIDTH)))
    pooled = unit(scenes + 0.5 * unit(np.ones(WIDTH)))
    files = []
    for row in range(IMAGES):
        files.append(tmp_path / f"{row}.png")
        if row % 10 == 0 or row == IMAGES - 1:
            Image.new("RGB", (40, 30), (row, 0, 0)).save(files[-1])
    for path in files:
        if not path.exists():
            Image.new("RGB", (8, 8)).save(path)
    patches = unit(rng.normal(size=(IMAGES, PATCHES, WIDTH)))
    return make_pairs(captions, pooled, owner, patches=patches, files=files)
