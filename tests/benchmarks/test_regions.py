"""Sub-regions from the store against selecting them from patch tokens each time."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass

import pytest
import torch
from torch.nn.functional import normalize

from zsbench.interfaces import ImageBatch, RegionFeatures
from zsbench.runner import shards
from zsbench.runner.features import ImageFeatureReader
from zsbench.runner.regions import RegionReader
from zsbench_maccap.captioner import MacCap
from zsbench_maccap.config import MacCapConfig

IMAGES, BATCH = 128, 16
SHAPES = {"ViT-B-32": (49, 512), "ViT-L-14-336": (576, 768)}
CASES = [
    pytest.param(
        name,
        id=name,
        marks=pytest.mark.ratio(
            what="sub-regions of a chunk from the store",
            against="patches and attention from the store, sub-regions selected",
            size=f"{name} shapes, {IMAGES} images, {BATCH} a chunk, 10 regions",
            note="selected once for all captioners that select alike",
        ),
    )
    for name in SHAPES
]


@dataclass
class Timed:
    """What was read, and the seconds that it took."""

    regions: torch.Tensor
    seconds: float


@pytest.fixture
def stored(tmp_path, request):
    """Random features of an encoder's shapes, and what MacCap selects in them: folders of the two stages."""
    P, D = SHAPES[request.param]
    generator = torch.Generator().manual_seed(0)
    pooled = normalize(torch.randn(IMAGES, D, generator=generator), dim=-1)
    patches = normalize(torch.randn(IMAGES, P, D, generator=generator), dim=-1)
    attention = torch.randn(IMAGES, 1 + P, 1 + P, generator=generator).softmax(-1)
    folders = tmp_path / "images", tmp_path / "regions"
    for folder in folders:
        folder.mkdir()
    tensors = {"pooled": pooled, "patches": patches, "class_token": pooled.clone(), "attention": attention}
    shards.write_shard(folders[0], 0, tensors)
    (folders[0] / "count.json").write_text(json.dumps(IMAGES), encoding="utf-8")
    chunks = [select(ImageFeatureReader(folders[0]), rows) for rows in iter_chunks()]
    shards.write_shard(folders[1], 0, {"regions": torch.cat([chunk.features for chunk in chunks])})
    (folders[1] / "shown-0000000.json").write_text(json.dumps([None] * IMAGES), encoding="utf-8")
    return folders


def iter_chunks():
    return (range(start, start + BATCH) for start in range(0, IMAGES, BATCH))


def select(reader: ImageFeatureReader, rows: range) -> RegionFeatures:
    """What each captioner did for itself."""
    ids = tuple(map(str, rows))
    batch = ImageBatch(ids, reader.read(rows), tuple(torch.Generator().manual_seed(row) for row in rows))
    return MacCap(MacCapConfig()).select_regions(batch)


def timed(read_chunk):
    began = time.perf_counter()
    regions = torch.cat([read_chunk(rows).features for rows in iter_chunks()])
    return Timed(regions, time.perf_counter() - began)


@pytest.mark.parametrize("stored", CASES, indirect=True)
def test_regions_from_the_store(side_by_side, stored):
    """The same features, sooner."""
    images, regions = stored
    ours, selected = side_by_side(
        lambda: timed(RegionReader(regions).read),
        lambda: timed(lambda rows: select(ImageFeatureReader(images), rows)),
        rounds=5,
        warmup=1,
        measure=lambda found: found.seconds,
    )
    assert torch.equal(ours.regions, selected.regions)
    assert ours.regions.shape[:2] == (IMAGES, 10)
