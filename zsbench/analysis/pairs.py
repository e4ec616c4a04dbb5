"""Images and captions that belong together, as features of one encoder; made by the stages that runs share.

Shapes: I images, N captions, D joint width.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from zsbench.code import CodeHashes
from zsbench.components import DataPlace, EncoderChoice, ReferenceTexts, TaskChoice
from zsbench.config import EncoderSetting
from zsbench.data_roots import find_data_root
from zsbench.errors import CorruptDataError, ScoringError
from zsbench.fingerprints import FileHashes
from zsbench.interfaces import ImageFeatures
from zsbench.registry import Registry
from zsbench.runner.execution import make_stage
from zsbench.stages import ImageEncoding, ImageFeatureReader, Setup, StageContext, TextEncoding
from zsbench.store import Store

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["PairRequest", "Pairs", "load_pairs"]

Array = NDArray[np.float64]
IMAGES_AT_ONCE = 256


@dataclass(frozen=True)
class PairRequest:
    """What to analyse.

    Attributes:
        encoder: Which encoder.
        task: Id of a captioning task: a paired split.
        data_root: Folder, or id of a data root.
        cache: Folder of the store.
        limit: Only the first images.
        device: A torch device.
        online: Whether weights may be downloaded.
    """

    encoder: EncoderSetting
    task: str
    data_root: str | None
    cache: Path
    limit: int | None = None
    device: str = "cpu"
    online: bool = False


@dataclass(frozen=True)
class Pairs:
    """I images with N captions.

    Attributes:
        encoder: What people call the encoder.
        fingerprint: Of the encoder and its code.
        task: Id of the task.
        ids: Of the images that could be read, in order.
        files: Their image files.
        texts: N captions, those of the first image first.
        captions: ``(N, D)`` features of the captions, unit norm.
        owner: ``(N,)``, which image a caption belongs to.
        reader: Reads image features by row.
        rows: ``(I,)``, the reader's row of each image.
    """

    encoder: str
    fingerprint: str
    task: str
    ids: tuple[str, ...]
    files: tuple[Path, ...]
    texts: tuple[str, ...]
    captions: Array
    owner: NDArray[np.int64]
    reader: ImageFeatureReader
    rows: tuple[int, ...]

    @property
    def images(self) -> Array:
        """``(I, D)`` global image features, unit norm."""
        pooled: Array = _wide(self.reader.pooled(self.rows))
        return pooled

    def features(self, index: int) -> ImageFeatures:
        """Everything the encoder says about one image."""
        return self.reader.read([self.rows[index]])

    def iter_features(self) -> Iterator[ImageFeatures]:
        """The same for every image, in order, a block in memory at a time."""
        for start in range(0, len(self.rows), IMAGES_AT_ONCE):
            block = self.reader.read(self.rows[start : start + IMAGES_AT_ONCE])
            yield from (block.select(slice(row, row + 1)) for row in range(len(block.pooled)))


def load_pairs(request: PairRequest, registry: Registry) -> Pairs:
    """The features of a split, from the store or made now; slow the first time.

    Raises:
        ScoringError: The task asks questions, or has fewer than two images that can be read.
        DataError: Data are missing or corrupt.
        MissingWeightsError: The encoder's weights are not on this machine.
    """
    hashes = FileHashes(request.cache)
    root = find_data_root(request.data_root, registry, request.cache)
    task = TaskChoice(request.task, registry, DataPlace(root, hashes), limit=request.limit)
    if task.answers:
        raise ScoringError(
            f"{task.id} asks questions.", "An analysis of the gap wants captions.", "Name a captioning task."
        )
    encoder = EncoderChoice(request.encoder, registry, online=request.online, hashes=hashes)
    texts = ReferenceTexts(task)
    setup = Setup(CodeHashes(hashes), hashes, request.device)
    images = ImageEncoding(setup=setup, encoder=encoder, task=task, patches=True)
    captions = TextEncoding(setup=setup, encoder=encoder, source=texts)
    context = StageContext(Store(request.cache / "store"), request.device)
    _make(images, captions, context)
    return _assemble(encoder, task, texts, ImageFeatureReader(context.output(images)), context.text_features(captions))


def _make(images: ImageEncoding, captions: TextEncoding, context: StageContext) -> None:
    """Make both stages, unless they are in the store."""
    for stage in (images, captions):
        record = make_stage(stage, context)
        if record.state == "failed":
            raise CorruptDataError(
                f"The features of {stage.label} could not be made: {record.reason}",
                "An analysis needs the features of both modalities.",
                "Correct the cause and try again.",
            )


def _assemble(
    encoder: EncoderChoice, task: TaskChoice, texts: ReferenceTexts, reader: ImageFeatureReader, features: Tensor
) -> Pairs:
    """Images that could be read, with their captions."""
    kept = [row for row in range(reader.count) if row not in reader.unreadable]
    if len(kept) < 2:  # noqa: PLR2004  there is no spread in one
        raise ScoringError(
            f"{task.id} has {len(kept)} images that can be read.", "An analysis wants many.", "Check the data root."
        )
    starts = np.concatenate(([0], np.cumsum(texts.counts)))
    chosen = np.concatenate([np.arange(starts[row], starts[row + 1]) for row in kept])
    owner = np.repeat(np.arange(len(kept)), [texts.counts[row] for row in kept])
    return Pairs(
        encoder=encoder.label,
        fingerprint=encoder.content,
        task=task.id,
        ids=tuple(task.ids[row] for row in kept),
        files=tuple(task.image_files[row] for row in kept),
        texts=tuple(texts.texts[int(index)] for index in chosen),
        captions=_wide(features)[chosen],
        owner=owner,
        reader=reader,
        rows=tuple(kept),
    )


def _wide(features: Tensor) -> Any:
    """Features as a float64 array."""
    return features.double().numpy()
