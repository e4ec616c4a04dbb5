"""Features of images in files of 256: each written whole, memory-mapped when it is read."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["ShardReader", "iter_starts", "shard_path", "write_shard"]

IMAGES_PER_SHARD = 256
"""Images whose features lie in one file."""


def iter_starts(count: int) -> range:
    """The first image of each shard of so many images."""
    return range(0, count, IMAGES_PER_SHARD)


def shard_path(folder: Path, start: int) -> Path:
    """The file of the shard that begins with an image."""
    return folder / f"shard-{start:07d}.safetensors"


def write_shard(folder: Path, start: int, tensors: Mapping[str, Tensor]) -> None:
    """Write a shard, whole or not at all."""
    from safetensors.torch import save_file

    path = shard_path(folder, start)
    temporary = path.with_suffix(".tmp")
    save_file(dict(tensors), temporary)
    temporary.replace(path)


class ShardReader:
    """Reads rows of shards; what is not asked for stays on the disk."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._shard: tuple[int, dict[str, Tensor]] | None = None

    def read(self, rows: Sequence[int], names: Sequence[str] | None = None) -> dict[str, Tensor]:
        """The tensors of some images, in the order given, by name; all that there are unless names are given."""
        import torch

        pieces: dict[str, list[Tensor]] = {}
        for first, run in itertools.groupby(rows, key=lambda row: row - row % IMAGES_PER_SHARD):
            shard, within = self._load(first), [row - first for row in run]
            for name in shard if names is None else names:
                pieces.setdefault(name, []).append(shard[name][within])
        return {name: torch.cat(parts) for name, parts in pieces.items()}

    def _load(self, first: int) -> dict[str, Tensor]:
        """The shard that begins with an image, memory-mapped."""
        from safetensors.torch import load_file

        if self._shard is None or self._shard[0] != first:
            self._shard = (first, load_file(shard_path(self.folder, first)))
        return self._shard[1]
