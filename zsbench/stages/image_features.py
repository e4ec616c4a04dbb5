"""The stage image-features, and what reads its output."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from zsbench.files import write_text
from zsbench.interfaces.encoder import Encoder, ImageFeatures
from zsbench.oom import BatchLimit
from zsbench.stages import shards
from zsbench.stages.image_decoding import Block, Failure, ImageDecoder, count_decoders
from zsbench.stages.row_file import check_unit_features
from zsbench.stages.stage import Stage

if TYPE_CHECKING:
    from torch import Tensor

    from zsbench.components import EncoderChoice, Item, TaskChoice
    from zsbench.interfaces.specs import Factory
    from zsbench.stages.context import StageContext

__all__ = ["ImageEncoding", "ImageFeatureReader"]

IMAGES_PER_BLOCK = 64
"""About as many images are decoded and encoded together."""
PARTS = ("pooled", "patches", "class_token", "attention")


@dataclass(frozen=True, eq=False, kw_only=True)
class ImageEncoding(Stage):
    """Writes features of a task's images, each once, in a safetensors shard for every 256.

    Global features are the same bits with and without patch tokens.

    Attributes:
        encoder: Encodes.
        task: Whose images.
        patches: Whether patch tokens and attention are kept too.
        strict: Whether an image that cannot be read is an error; it changes no output.
    """

    kind: ClassVar[str] = "image-features"
    turn: ClassVar[int] = 3
    libraries: ClassVar[tuple[str, ...]] = ("torch", "torchvision", "numpy", "pillow", "timm")

    encoder: EncoderChoice
    task: TaskChoice
    patches: bool
    strict: bool = False

    @property
    def label(self) -> str:
        """The task and the number of its images."""
        return f"{self.task.id}, {len(self.task.image_files)} images"

    @property
    def inputs(self) -> tuple[Stage, ...]:
        """None."""
        return ()

    @property
    def on_device(self) -> bool:
        """The encoder does."""
        return True

    @property
    def weights(self) -> Iterable[int]:
        """The encoder's."""
        return (self.encoder.encoder.weights_bytes,)

    @property
    def pooled(self) -> ImageEncoding:
        """The stage that keeps global features alone: what counts for whoever reads no others."""
        return replace(self, patches=False) if self.patches else self

    def material(self) -> Mapping[str, Any]:
        """Encoder, content of the images, and what is kept of them."""
        return {"encoder": self.encoder.content, "images": self.task.images, "patches": self.patches}

    def components(self) -> Iterable[Factory]:
        """The encoder."""
        return self.encoder.factories

    def run(self, folder: Path, context: StageContext) -> bool:
        """Encode the images; shards that an interrupted run finished are kept."""
        encoder = context.encoder(self.encoder)
        items = self.task.image_items
        starts = [start for start in shards.iter_starts(len(items)) if not shards.shard_path(folder, start).exists()]
        size = _choose_block(encoder)
        cut = [_cut(items[start : start + shards.IMAGES_PER_SHARD], size) for start in starts]
        decoder = ImageDecoder([block for shard in cut for block in shard], encoder.image_preparation())
        blocks, limit = _iter_blocks(decoder, context), BatchLimit("images", size)
        for start, shard in zip(starts, cut, strict=True):
            pieces, failures = [], {}
            for block in itertools.islice(blocks, len(shard)):
                if self.strict and block.failures:
                    raise next(iter(block.failures.values())).error
                pieces += _encode_block(block, encoder, limit, patches=self.patches)
                failures.update(block.failures)
            _write_shard(folder, start, pieces, failures)
            context.progress(min(start + shards.IMAGES_PER_SHARD, len(items)), len(items))
        write_text(folder / "count.json", json.dumps(len(items)))
        return True


def _choose_block(encoder: Encoder) -> int:
    """How many images are decoded and encoded together: about 64, and what the encoder computes at once."""
    wanted = min(encoder.images_at_once, shards.IMAGES_PER_SHARD)
    return wanted * max(1, IMAGES_PER_BLOCK // wanted)


def _cut(items: Sequence[Item], size: int) -> list[Sequence[Item]]:
    """Items in blocks of a size; the last may be shorter."""
    return [items[at : at + size] for at in range(0, len(items), size)]


def _iter_blocks(decoder: ImageDecoder, context: StageContext) -> Iterator[Block]:
    """Blocks of images, decoded while the encoder works on those before."""
    import torch

    computing = torch.get_num_threads() if context.device.startswith("cpu") else 1
    processes = count_decoders(context.cores, computing, len(decoder))
    return decoder.iter_blocks(processes=processes, pinned=context.device.startswith("cuda"))


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
