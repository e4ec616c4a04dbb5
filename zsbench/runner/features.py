"""The stages text-features, image-features and gap-fit."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from zsbench.errors import FeatureError
from zsbench.images import read_image
from zsbench.interfaces import ImageFeatures
from zsbench.plan import GapFit, ImageEncoding, TextEncoding
from zsbench.runner.workbench import Workbench
from zsbench.store import write_text

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["ImageFeatureReader", "encode_images", "encode_texts", "fit_gap"]

TEXTS_PER_BLOCK = 2048
IMAGES_PER_SHARD = 256
NORM_TOLERANCE = 1e-3
PARTS = ("pooled", "patches", "class_token", "attention")


def encode_texts(work: TextEncoding, folder: Path, bench: Workbench, device: str) -> None:
    """Write ``features.npy``, ``(N, D)`` float32: one row a text of the corpus."""
    import numpy as np

    encoder = bench.encoder(work.encoder, device)
    texts = work.corpus.texts
    rows = np.lib.format.open_memmap(folder / "features.npy", "w+", np.float32, (len(texts), encoder.dim))
    for start in range(0, len(texts), TEXTS_PER_BLOCK):
        block = texts[start : start + TEXTS_PER_BLOCK]
        rows[start : start + len(block)] = _unit(encoder.encode_texts(block), "text").numpy()
        bench.progress(start + len(block), len(texts))
    rows.flush()


def encode_images(work: ImageEncoding, folder: Path, bench: Workbench, device: str) -> None:
    """Write one safetensors shard for every 256 images; shards an interrupted run finished are kept."""
    from safetensors.torch import save_file

    encoder = bench.encoder(work.encoder, device)
    examples = work.task.examples
    for start in range(0, len(examples), IMAGES_PER_SHARD):
        shard = _shard(folder, start)
        if not shard.exists():
            batch = examples[start : start + IMAGES_PER_SHARD]
            features = encoder.encode_images([read_image(example.image, id=example.id) for example in batch])
            _unit(features.pooled, "image")
            temporary = shard.with_suffix(".tmp")
            save_file(_tensors(features, patches=work.patches), temporary)
            temporary.replace(shard)
        bench.progress(min(start + IMAGES_PER_SHARD, len(examples)), len(examples))
    write_text(folder / "ids.json", json.dumps(work.task.ids, ensure_ascii=False))


def fit_gap(work: GapFit, folder: Path, bench: Workbench) -> None:
    """Fit a gap model and write its state."""
    from safetensors.torch import save_file

    model = work.gap.make()
    texts = bench.text_features(work.texts) if work.texts else None
    images = ImageFeatureReader(bench.places[work.images]).pooled() if work.images else None
    model.fit(texts=texts, images=images)
    save_file({name: tensor.contiguous() for name, tensor in model.state().items()}, folder / "state.safetensors")


class ImageFeatureReader:
    """Reads slices of an image-features stage, one shard in memory at a time."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ids: list[str] = json.loads((folder / "ids.json").read_text(encoding="utf-8"))
        self._shard: tuple[int, dict[str, Tensor]] | None = None

    def read(self, start: int, stop: int) -> ImageFeatures:
        """The features of images ``start`` to ``stop``."""
        import torch

        pieces: dict[str, list[Tensor]] = {}
        while start < stop:
            first = start - start % IMAGES_PER_SHARD
            last = min(stop, first + IMAGES_PER_SHARD)
            for name, tensor in self._load(first).items():
                pieces.setdefault(name, []).append(tensor[start - first : last - first])
            start = last
        joined = {name: torch.cat(parts) for name, parts in pieces.items()}
        return ImageFeatures(**joined)

    def pooled(self) -> Tensor:
        """The global features of all images, ``(N, D)``."""
        return self.read(0, len(self.ids)).pooled

    def _load(self, first: int) -> dict[str, Tensor]:
        """The shard that begins with an image."""
        from safetensors.torch import load_file

        if self._shard is None or self._shard[0] != first:
            self._shard = (first, load_file(_shard(self.folder, first)))
        return self._shard[1]


def _shard(folder: Path, start: int) -> Path:
    """The file of the shard that begins with an image."""
    return folder / f"shard-{start:07d}.safetensors"


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
