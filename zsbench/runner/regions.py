"""The stage region-features: the sub-regions of a task's images, selected once for all captioners that select alike."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from zsbench.errors import CaptionerError
from zsbench.interfaces import Captioner, ImageBatch, RegionFeatures, Regions
from zsbench.plan import Item, RegionSelection
from zsbench.registry import ResolvedCaptioner
from zsbench.runner import shards
from zsbench.runner.features import ImageFeatureReader
from zsbench.runner.guard import guarded, told_owner
from zsbench.runner.patches import need_patches
from zsbench.runner.workbench import Workbench, generator
from zsbench.seeds import derive_seed
from zsbench.store import write_text

__all__ = ["RegionReader", "select_regions"]

IMAGES_AT_ONCE = 32
"""Images whose patch tokens and attention are in memory together."""


def select_regions(work: RegionSelection, folder: Path, bench: Workbench) -> None:
    """Write a shard for every 256 images; those that an interrupted run finished are kept."""
    reader = ImageFeatureReader(bench.places[work.images])
    with guarded(work.captioner, "be made"):
        captioner = bench.captioner(work.captioner)
    for start in shards.iter_starts(len(work.items)):
        items = work.items[start : start + shards.IMAGES_PER_SHARD]
        if not shards.shard_path(folder, start).exists():
            cut = [items[at : at + IMAGES_AT_ONCE] for at in range(0, len(items), IMAGES_AT_ONCE)]
            _write(folder, start, [_select(captioner, reader, work, some) for some in cut])
        bench.progress(start + len(items), len(work.items))


def _select(
    captioner: Captioner[Any], reader: ImageFeatureReader, work: RegionSelection, items: Sequence[Item]
) -> RegionFeatures:
    """The regions of some images."""
    features = reader.read([item.row for item in items])
    need_patches(features, work.captioner.id, work.encoder_id)
    ids = tuple(item.id for item in items)
    batch = ImageBatch(ids, features, tuple(generator(derive_seed(0, "select", id_)) for id_ in ids))
    with guarded(work.captioner, "select_regions"):
        regions = captioner.select_regions(batch)
    _check(regions, batch, work.captioner)
    return regions


def _check(regions: object, batch: ImageBatch, captioner: ResolvedCaptioner) -> None:
    """Refuse anything but K features an image, each finite.

    Raises:
        CaptionerError: It is anything else.
    """
    B, D = batch.features.pooled.shape
    if isinstance(regions, RegionFeatures):
        shape, dtype = tuple(regions.features.shape), str(regions.features.dtype)
        right = len(shape) == 3 and shape[::2] == (B, D) and dtype == "torch.float32"  # noqa: PLR2004  B, K, D
        shown = [type(one).__name__ for one in regions.shown if not isinstance(one, Regions | None)]
        if right and len(regions.shown) == B and not shown and bool(regions.features.isfinite().all()):
            return
        found = f"features of shape {shape} and {dtype} with {len(regions.shown)} places"
    else:
        found = repr(regions)
    raise CaptionerError(
        f"Captioner {captioner.id!r} selected {found} in {B} images.",
        f"It returns RegionFeatures: ({B}, K, {D}) finite float32 and {B} Regions or None.",
        f"See `zsbench plugins check {captioner.id}`; {told_owner(captioner.owner)}.",
        captioner=captioner.id,
    )


def _write(folder: Path, start: int, pieces: Sequence[RegionFeatures]) -> None:
    """Write where the regions of a shard are, then their features, whole or not at all."""
    import torch

    shown = [None if one is None else asdict(one) for piece in pieces for one in piece.shown]
    write_text(_places(folder, start), json.dumps(shown))
    shards.write_shard(folder, start, {"regions": torch.cat([piece.features for piece in pieces])})


class RegionReader:
    """Reads rows of a region-features stage; features are memory-mapped."""

    def __init__(self, folder: Path) -> None:
        self._shards = shards.ShardReader(folder)
        self._shown: dict[int, Regions | None] = {}
        for path in sorted(folder.glob("shown-*.json")):
            start = int(path.stem.rpartition("-")[2])
            for row, told in enumerate(json.loads(path.read_text(encoding="utf-8")), start):
                self._shown[row] = told and Regions(told["side"], tuple(told["cells"]), tuple(told["weights"]))

    def read(self, rows: Sequence[int]) -> RegionFeatures:
        """The regions of some images, in the order given."""
        return RegionFeatures(self._shards.read(rows)["regions"], tuple(self._shown[row] for row in rows))


def _places(folder: Path, start: int) -> Path:
    """The file that tells where the regions of a shard are."""
    return folder / f"shown-{start:07d}.json"
