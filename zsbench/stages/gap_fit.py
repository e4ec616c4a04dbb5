"""The stage gap-fit: what a gap model estimates from features of texts and images."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from zsbench.errors import CorruptDataError
from zsbench.stages.gap_states import STATE, make_gap, write_gap_state
from zsbench.stages.image_features import ImageFeatureReader
from zsbench.stages.stage import Stage

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor

    from zsbench.components import GapChoice
    from zsbench.interfaces.specs import Factory
    from zsbench.stages.context import StageContext
    from zsbench.stages.image_features import ImageEncoding
    from zsbench.stages.text_features import TextEncoding

__all__ = ["FittedGap", "GapFit", "create_array"]

ROWS_GATHERED = 2048


@dataclass(frozen=True, eq=False, kw_only=True)
class GapFit(Stage):
    """Fits a gap model on memory-mapped features and writes its state, with the hash of what it saw.

    Attributes:
        gap: Which.
        texts: The text features that it sees, or None.
        images: The image features that it sees, or None.
        pairs: How many texts belong to each image, in order, for a fit on pairs.
        data: What people call the data.
    """

    kind: ClassVar[str] = "gap-fit"
    turn: ClassVar[int] = 1
    libraries: ClassVar[tuple[str, ...]] = ("torch", "numpy")

    gap: GapChoice
    texts: TextEncoding | None
    images: ImageEncoding | None
    pairs: tuple[int, ...] | None = None
    data: str = ""

    @property
    def label(self) -> str:
        """The gap model and the data."""
        return f"{self.gap.id} on {self.data}"

    @property
    def inputs(self) -> tuple[Stage, ...]:
        """Features."""
        return tuple(stage for stage in (self.texts, self.images) if stage is not None)

    @property
    def seen(self) -> tuple[Stage, ...]:
        """Of images, global features alone."""
        pooled = None if self.images is None else self.images.pooled
        return tuple(stage for stage in (self.texts, pooled) if stage is not None)

    @property
    def fitted_on(self) -> str:
        """What the state is valid for: the features that the fit saw."""
        return "/".join(stage.key for stage in self.seen)

    def material(self) -> Mapping[str, Any]:
        """The gap model with its settings."""
        return {"gap": self.gap.describe(self.setup.hashes), "pairs": self.pairs}

    def components(self) -> Iterable[Factory]:
        """The gap model."""
        return self.gap.factories

    def run(self, folder: Path, context: StageContext) -> bool:
        """Fit the gap model."""
        model = make_gap(self.gap)
        texts = context.text_features(self.texts) if self.texts else None
        scratch = folder / "images.npy"
        images = self._pooled(self.images, scratch, context) if self.images else None
        model.fit(texts=texts, images=images)
        write_gap_state(folder / STATE, model, self.fitted_on)
        scratch.unlink(missing_ok=True)
        return True

    def _pooled(self, stage: ImageEncoding, scratch: Path, context: StageContext) -> Tensor:
        """``(M, D)``: the global features that a gap model is fitted on, an image repeated for each of its texts.

        They are gathered in a file, because pairs of a large split need not fit in memory.

        Raises:
            CorruptDataError: An image could not be read.
        """
        import torch

        reader = ImageFeatureReader(context.output(stage))
        if reader.unreadable:
            first = next(iter(reader.unreadable.values()))
            raise CorruptDataError(
                f"{len(reader.unreadable)} images of a gap model's fit cannot be read, first: {first}",
                "A fit sees every image it names.",
                "Replace them, or set `gap_fit.limit`.",
            )
        counts = self.pairs or (1,) * reader.count
        rows = [row for row, texts in enumerate(counts) for _ in range(texts)]
        gathered: np.memmap[Any, Any] | None = None
        for start in range(0, len(rows), ROWS_GATHERED):
            block = reader.pooled(rows[start : start + ROWS_GATHERED]).numpy()
            if gathered is None:
                gathered = create_array(scratch, (len(rows), block.shape[1]))
            gathered[start : start + len(block)] = block
        return torch.from_numpy(gathered) if gathered is not None else torch.empty(0, 0)


@dataclass(frozen=True)
class FittedGap:
    """A gap model with the stage that fits it; None for one that needs no fit."""

    gap: GapChoice
    fit: GapFit | None = None


def create_array(path: Path, shape: tuple[int, ...]) -> np.memmap[Any, Any]:
    """A new ``npy`` file of float32 in memory, all of its room on the disk taken at once.

    A file that is only announced kills the process where it is filled and the disk is full.

    Raises:
        OSError: There is not enough room.
    """
    import numpy as np

    array: np.memmap[Any, Any] = np.lib.format.open_memmap(path, "w+", np.float32, shape)
    if hasattr(os, "posix_fallocate") and array.nbytes:
        with path.open("r+b") as file:
            os.posix_fallocate(file.fileno(), 0, path.stat().st_size)
    return array
