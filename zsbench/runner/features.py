"""The stages text-features, image-features and gap-fit."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zsbench.errors import CorruptDataError, DataError, FeatureError
from zsbench.images import read_image
from zsbench.interfaces import ImageFeatures
from zsbench.plan import GapFit, ImageEncoding, Item, TextEncoding
from zsbench.runner.disk import create_array
from zsbench.runner.gap_states import STATE, write_gap_state
from zsbench.runner.workbench import Workbench
from zsbench.store import write_text

if TYPE_CHECKING:
    import numpy as np
    from PIL.Image import Image
    from torch import Tensor

__all__ = ["ImageFeatureReader", "encode_images", "encode_texts", "fit_gap"]

TEXTS_PER_BLOCK = 2048
IMAGES_PER_SHARD = 256
BLANK_PIXELS = 32
NORM_TOLERANCE = 1e-3
PARTS = ("pooled", "patches", "class_token", "attention")


def encode_texts(work: TextEncoding, folder: Path, bench: Workbench, device: str) -> None:
    """Write ``features.npy``, ``(N, D)`` float32: one row a text of the corpus."""
    encoder = bench.encoder(work.encoder, device)
    texts = work.source.texts
    rows = create_array(folder / "features.npy", (len(texts), encoder.dim))
    for start in range(0, len(texts), TEXTS_PER_BLOCK):
        block = texts[start : start + TEXTS_PER_BLOCK]
        rows[start : start + len(block)] = _unit(encoder.encode_texts(block), "text").numpy()
        bench.progress(start + len(block), len(texts))
    rows.flush()


def encode_images(work: ImageEncoding, folder: Path, bench: Workbench, device: str) -> None:
    """Write one safetensors shard for every 256 images; shards an interrupted run finished are kept."""
    from safetensors.torch import save_file

    encoder = bench.encoder(work.encoder, device)
    items = work.task.image_items
    for start in range(0, len(items), IMAGES_PER_SHARD):
        shard, problems = _shard(folder, start), _problems(folder, start)
        if not shard.exists():
            images, unreadable = _read_images(items[start : start + IMAGES_PER_SHARD], strict=work.strict)
            features = encoder.encode_images(images)
            _unit(features.pooled, "image")
            write_text(problems, json.dumps(unreadable, ensure_ascii=False))
            temporary = shard.with_suffix(".tmp")
            save_file(_tensors(features, patches=work.patches), temporary)
            temporary.replace(shard)
        bench.progress(min(start + IMAGES_PER_SHARD, len(items)), len(items))
    write_text(folder / "count.json", json.dumps(len(items)))


def _read_images(items: Sequence[Item], *, strict: bool) -> tuple[list[Image], dict[str, str]]:
    """The images, and by row why some could not be read; a blank one stands in for each of these.

    Raises:
        DataError: An image could not be read, and ``strict`` says that this is an error.
    """
    from PIL import Image as images  # noqa: N813  the module

    found, unreadable = [], {}
    for item in items:
        try:
            found.append(read_image(item.path, id=item.id))
        except DataError as error:
            if strict:
                raise
            found.append(images.new("RGB", (BLANK_PIXELS, BLANK_PIXELS)))
            unreadable[str(item.row)] = str(error)
    return found, unreadable


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
    for start in range(0, len(rows), TEXTS_PER_BLOCK):
        block = reader.pooled(rows[start : start + TEXTS_PER_BLOCK]).numpy()
        if gathered is None:
            gathered = create_array(scratch, (len(rows), block.shape[1]))
        gathered[start : start + len(block)] = block
    return torch.from_numpy(gathered) if gathered is not None else torch.empty(0, 0)


class ImageFeatureReader:
    """Reads rows of an image-features stage, one shard in memory at a time.

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
        self._shard: tuple[int, dict[str, Tensor]] | None = None

    def read(self, rows: Sequence[int]) -> ImageFeatures:
        """The features of some images, in the order given."""
        import torch

        pieces: dict[str, list[Tensor]] = {}
        for first, within in _by_shard(rows):
            for name, tensor in self._load(first).items():
                pieces.setdefault(name, []).append(tensor[within])
        joined = {name: torch.cat(parts) for name, parts in pieces.items()}
        return ImageFeatures(**joined)

    def pooled(self, rows: Sequence[int]) -> Tensor:
        """The global features of some images, ``(N, D)``."""
        import torch

        return torch.cat([self._load(first)["pooled"][within] for first, within in _by_shard(rows)])

    def _load(self, first: int) -> dict[str, Tensor]:
        """The shard that begins with an image."""
        from safetensors.torch import load_file

        if self._shard is None or self._shard[0] != first:
            self._shard = (first, load_file(_shard(self.folder, first)))
        return self._shard[1]


def _by_shard(rows: Sequence[int]) -> Iterator[tuple[int, list[int]]]:
    """Runs of rows that lie in one shard: its first row, and the places within it."""
    for first, run in itertools.groupby(rows, key=lambda row: row - row % IMAGES_PER_SHARD):
        yield first, [row - first for row in run]


def _shard(folder: Path, start: int) -> Path:
    """The file of the shard that begins with an image."""
    return folder / f"shard-{start:07d}.safetensors"


def _problems(folder: Path, start: int) -> Path:
    """The file that tells which images of a shard could not be read."""
    return folder / f"unreadable-{start:07d}.json"


def _tensors(features: ImageFeatures, *, patches: bool) -> dict[str, Tensor]:
    """What a shard holds: everything, or the global features alone."""
    names = PARTS if patches else PARTS[:1]
    present = {name: getattr(features, name) for name in names}
    return {name: tensor.contiguous() for name, tensor in present.items() if tensor is not None}


def _unit(features: Tensor, modality: str) -> Tensor:
    """Refuse features that are not finite unit vectors."""
    norms = features.norm(dim=-1)
    if not bool(features.isfinite().all()) or not bool(((norms - 1).abs() < NORM_TOLERANCE).all()):
        raise FeatureError(
            f"The encoder gave {modality} features that are not finite unit vectors.",
            "encode_texts and encode_images return unit norm.",
            "Check the encoder's weights and precision.",
        )
    return features
