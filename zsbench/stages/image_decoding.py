"""Image files decoded and prepared ahead of the encoder, by worker processes where cores are to spare, or a thread.

The encoder waits for a block only if decoding is slower than encoding. Blocks come in order, whoever decodes them.
"""

from __future__ import annotations

import multiprocessing
import shutil
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zsbench.errors import DataError
from zsbench.images import read_image

if TYPE_CHECKING:
    from torch import Tensor

    from zsbench.components import Item

__all__ = ["Block", "Failure", "ImageDecoder", "count_decoders"]

BLANK_PIXELS = 32
AHEAD = 2
"""Blocks that are ready, or being made, before the encoder asks for them; of each worker process."""

MOST_PROCESSES = 16
SHARED_MEMORY = Path("/dev/shm")  # noqa: S108  where Linux keeps what processes hand to each other
SHARED_BYTES = 128_000_000
"""Room that a process wants for the blocks it hands over; containers often have 64 MB in all."""


@dataclass(frozen=True)
class Failure:
    """Why an image could not be read, in a form that crosses processes."""

    kind: type[DataError]
    sentences: tuple[str, str, str]
    path: str

    @classmethod
    def of(cls, error: DataError) -> Failure:
        """The failure that an error tells of."""
        return cls(type(error), (error.found, error.expected, error.remedy), error.path)

    @property
    def error(self) -> DataError:
        """The error again."""
        return self.kind(*self.sentences, path=self.path)


@dataclass(frozen=True)
class Block:
    """Some images, prepared for an encoder.

    Attributes:
        prepared: One entry an image, tensors of equal shape stacked; a blank image stands in for an unreadable one.
        failures: By row, why an image could not be read.
    """

    prepared: Sequence[Any] | Tensor
    failures: dict[int, Failure] = field(default_factory=dict)


_Made = tuple["Sequence[Any] | Tensor", dict[int, Failure]]


@dataclass(frozen=True)
class ImageDecoder:
    """Reads blocks of image files, by index: what worker processes get.

    Attributes:
        blocks: The images of each block.
        prepare: What the encoder wants done to an image.
    """

    blocks: Sequence[Sequence[Item]]
    prepare: Callable[[Any], Any]

    def __len__(self) -> int:
        """How many blocks there are."""
        return len(self.blocks)

    def __getitem__(self, index: int) -> _Made:
        """A block's prepared images and its failures."""
        prepared, failures = [], {}
        for item in self.blocks[index]:
            image, failure = _read(item)
            prepared.append(self.prepare(image))
            if failure is not None:
                failures[item.row] = failure
        return _stack(prepared), failures

    def iter_blocks(self, *, processes: int, pinned: bool = False) -> Iterator[Block]:
        """Every block, in order, decoded ahead.

        Args:
            processes: How many decode; 0 for a thread of this process.
            pinned: Whether tensors come in memory that an accelerator reads directly.
        """
        if not processes:
            for prepared, failures in self._iter_ahead():
                yield Block(_pin(prepared) if pinned else prepared, failures)
            return
        import torch
        from torch.utils.data import DataLoader

        dataset: Any = self  # anything with a length and an index
        loader = DataLoader(
            dataset,
            batch_size=None,
            num_workers=processes,
            prefetch_factor=AHEAD,
            pin_memory=pinned,
            multiprocessing_context="fork",
            generator=torch.Generator(),  # without one, it draws from the global random state
        )
        for made in loader:
            yield Block(*made)

    def _iter_ahead(self) -> Iterator[_Made]:
        """Every block, made by one thread that is a little ahead; decoders of images release the lock."""
        waiting: deque[Future[_Made]] = deque()
        pool = ThreadPoolExecutor(1, "zsbench-decoder")
        try:
            for index in range(len(self)):
                waiting.append(pool.submit(self.__getitem__, index))
                if len(waiting) > AHEAD:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            pool.shutdown(cancel_futures=True)


def count_decoders(cores: int, computing: int, blocks: int) -> int:
    """How many processes decode images; 0 where a thread does as well.

    Args:
        cores: That this process may use.
        computing: Threads that the encoder computes with; 1 where it runs on an accelerator.
        blocks: How many blocks there are; a process is worth its start only for several.
    """
    if multiprocessing.current_process().daemon or "fork" not in multiprocessing.get_all_start_methods():
        return 0
    room = shutil.disk_usage(SHARED_MEMORY).free // SHARED_BYTES if SHARED_MEMORY.is_dir() else 0
    return max(0, min(cores - computing, MOST_PROCESSES, blocks // (2 * AHEAD), room))


def _read(item: Item) -> tuple[Any, Failure | None]:
    """The image of an item; a blank one, and why, if it cannot be read."""
    from PIL import Image as images  # noqa: N813  the module

    try:
        return read_image(item.path, id=item.id), None
    except DataError as error:
        return images.new("RGB", (BLANK_PIXELS, BLANK_PIXELS)), Failure.of(error)


def _stack(prepared: Sequence[Any]) -> Sequence[Any] | Tensor:
    """Tensors of equal shape as one; anything else as it is."""
    import torch

    if all(isinstance(entry, torch.Tensor) for entry in prepared):
        return torch.stack(list(prepared))
    return prepared


def _pin(prepared: Sequence[Any] | Tensor) -> Sequence[Any] | Tensor:
    """Tensors in pinned memory; anything else as it is."""
    import torch

    return prepared.pin_memory() if isinstance(prepared, torch.Tensor) else prepared
