"""The stages text-features, image-features and gap-fit."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zsbench.errors import CorruptDataError
from zsbench.halving import BatchLimit
from zsbench.interfaces import Encoder, ImageFeatures
from zsbench.plan import GapFit, ImageEncoding, Item, TextEncoding
from zsbench.runner import shards
from zsbench.runner.disk import create_array
from zsbench.runner.gap_states import STATE, write_gap_state
from zsbench.runner.image_decoding import Block, Failure, ImageDecoder, count_decoders
from zsbench.runner.text_features import check_unit_features, write_text_features
from zsbench.runner.workbench import Workbench
from zsbench.store import write_text

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor

__all__ = ["ImageFeatureReader", "encode_images", "encode_texts", "fit_gap"]

ROWS_GATHERED = 2048
IMAGES_PER_BLOCK = 64
"""About as many images are decoded and encoded together."""
PARTS = ("pooled", "patches", "class_token", "attention")


def encode_texts(work: TextEncoding, folder: Path, bench: Workbench, device: str) -> None:
    """Write ``features.npy``, ``(N, D)`` float32: one row a text of the corpus."""
    encoder = bench.encoder(work.encoder, device)
    write_text_features(folder / "features.npy", work.source.texts, encoder, bench.progress)


def encode_images(work: ImageEncoding, folder: Path, bench: Workbench, device: str) -> None:
    """Write one safetensors shard for every 256 images; shards an interrupted run finished are kept."""
    encoder = bench.encoder(work.encoder, device)
    items = work.task.image_items
    starts = [start for start in shards.iter_starts(len(items)) if not shards.shard_path(folder, start).exists()]
    size = _choose_block(encoder)
    cut = [_cut(items[start : start + shards.IMAGES_PER_SHARD], size) for start in starts]
    decoder = ImageDecoder([block for shard in cut for block in shard], encoder.image_preparation())
    blocks, limit = _iter_blocks(decoder, bench, device), BatchLimit("images", size)
    for start, shard in zip(starts, cut, strict=True):
        pieces, failures = [], {}
        for block in itertools.islice(blocks, len(shard)):
            if work.strict and block.failures:
                raise next(iter(block.failures.values())).error
            pieces += _encode_block(block, encoder, limit, patches=work.patches)
            failures.update(block.failures)
        _write_shard(folder, start, pieces, failures)
        bench.progress(min(start + shards.IMAGES_PER_SHARD, len(items)), len(items))
    write_text(folder / "count.json", json.dumps(len(items)))


def _choose_block(encoder: Encoder) -> int:
    """How many images are decoded and encoded together: about 64, and what the encoder computes at once."""
    wanted = min(encoder.images_at_once, shards.IMAGES_PER_SHARD)
    return wanted * max(1, IMAGES_PER_BLOCK // wanted)


def _cut(items: Sequence[Item], size: int) -> list[Sequence[Item]]:
    """Items in blocks of a size; the last may be shorter."""
    return [items[at : at + size] for at in range(0, len(items), size)]


def _iter_blocks(decoder: ImageDecoder, bench: Workbench, device: str) -> Iterator[Block]:
    """Blocks of images, decoded while the encoder works on those before."""
    import torch

    computing = torch.get_num_threads() if device.startswith("cpu") else 1
    processes = count_decoders(bench.cores, computing, len(decoder))
    return decoder.iter_blocks(processes=processes, pinned=device.startswith("cuda"))


def _encode_block(block: Block, encoder: Encoder, limit: BatchLimit, *, patches: bool) -> list[dict[str, Tensor]]:
    """What a shard keeps of a block's images: everything, or the global features alone."""

    def encode(rows: slice) -> dict[str, Tensor]:
        """The tensors of some of them, by name."""
        features = encoder.encode_prepared(block.prepared[rows], patches=patches)
        check_unit_features(features.pooled, "image")
        names = PARTS if patches else PARTS[:1]
        tensors = {name: getattr(features, name) for name in names}
        return {name: tensor for name, tensor in tensors.items() if tensor is not None}

    return list(limit.iter_batches(len(block.prepared), encode))


def _write_shard(
    folder: Path, start: int, pieces: Sequence[dict[str, Tensor]], failures: Mapping[int, Failure]
) -> None:
    """Write which images of a shard could not be read, then the features, whole or not at all."""
    import torch

    told = {str(row): str(failure.error) for row, failure in failures.items()}
    write_text(_problems(folder, start), json.dumps(told, ensure_ascii=False))
    shards.write_shard(folder, start, {name: torch.cat([piece[name] for piece in pieces]) for name in pieces[0]})


def fit_gap(work: GapFit, folder: Path, bench: Workbench) -> None:
    """Fit a gap model on memory-mapped features and write its state, with the hash of what it saw."""
    model = work.gap.make()
    texts = bench.text_features(work.texts) if work.texts else None
    scratch = folder / "images.npy"
    images = _pooled(work, scratch, bench) if work.images else None
    model.fit(texts=texts, images=images)
    write_gap_state(folder / STATE, model, work.gap.fitted_on)
    scratch.unlink(missing_ok=True)


def _pooled(work: GapFit, scratch: Path, bench: Workbench) -> Tensor:
    """``(M, D)``: the global features that a gap model is fitted on, an image repeated for each of its texts.

    They are gathered in a file, because pairs of a large split need not fit in memory.

    Raises:
        CorruptDataError: An image could not be read.
    """
    import torch

    reader = ImageFeatureReader(bench.places[str(work.images)])
    if reader.unreadable:
        first = next(iter(reader.unreadable.values()))
        raise CorruptDataError(
            f"{len(reader.unreadable)} images of a gap model's fit cannot be read, first: {first}",
            "A fit sees every image it names.",
            "Replace them, or set `gap_fit.limit`.",
        )
    counts = work.pairs or (1,) * reader.count
    rows = [row for row, texts in enumerate(counts) for _ in range(texts)]
    gathered: np.memmap[Any, Any] | None = None
    for start in range(0, len(rows), ROWS_GATHERED):
        block = reader.pooled(rows[start : start + ROWS_GATHERED]).numpy()
        if gathered is None:
            gathered = create_array(scratch, (len(rows), block.shape[1]))
        gathered[start : start + len(block)] = block
    return torch.from_numpy(gathered) if gathered is not None else torch.empty(0, 0)


class ImageFeatureReader:
    """Reads rows of an image-features stage; shards are memory-mapped, so only the rows asked for are read.

    Attributes:
        count: How many images there are.
        unreadable: By row, why an image could not be read; its features are not to be used.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.count: int = json.loads((folder / "count.json").read_text(encoding="utf-8"))
        self.unreadable: dict[int, str] = {}
        for path in sorted(folder.glob("unreadable-*.json")):
            found = json.loads(path.read_text(encoding="utf-8"))
            self.unreadable.update({int(row): reason for row, reason in found.items()})
        self._shards = shards.ShardReader(folder)

    def read(self, rows: Sequence[int]) -> ImageFeatures:
        """The features of some images, in the order given."""
        return ImageFeatures(**self._shards.read(rows))

    def pooled(self, rows: Sequence[int]) -> Tensor:
        """The global features of some images, ``(N, D)``."""
        return self._shards.read(rows, ["pooled"])["pooled"]


def _problems(folder: Path, start: int) -> Path:
    """The file that tells which images of a shard could not be read."""
    return folder / f"unreadable-{start:07d}.json"
