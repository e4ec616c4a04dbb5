"""Features of many texts, written as they are made: neither the file nor the features are ever whole in memory."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from zsbench.errors import FeatureError
from zsbench.files import write_text
from zsbench.oom import BatchLimit

if TYPE_CHECKING:
    from torch import Tensor

    from zsbench.interfaces.captioner import Progress
    from zsbench.interfaces.encoder import Encoder

__all__ = ["TEXTS_PER_BLOCK", "RowFile", "check_unit_features", "write_text_features"]

TEXTS_PER_BLOCK = 4096
"""Texts encoded and written together: many enough for an encoder that groups them by length."""

NORM_TOLERANCE = 1e-3

Rows = np.ndarray[Any, np.dtype[np.float32]]


def write_text_features(path: Path, texts: Sequence[str], encoder: Encoder, progress: Progress) -> None:
    """Write ``(N, D)`` float32 as npy, one row a text; a text that occurs again is copied, not encoded.

    An interrupted call goes on at its last finished block, with the same bytes in the end.
    """
    file = RowFile(path, len(texts), encoder.dim)
    first: dict[str, int] = {}
    for row in range(file.finished):
        first.setdefault(texts[row], row)
    start = file.finished

    def make(block: slice) -> Rows:
        rows = range(start + block.start, start + block.stop)
        return _make_rows(rows, texts, first, encoder, file)

    for made in BatchLimit("texts", TEXTS_PER_BLOCK).iter_batches(len(texts) - start, make):
        file.append(made)
        progress(file.finished, len(texts))
    file.close()


def _make_rows(rows: range, texts: Sequence[str], first: dict[str, int], encoder: Encoder, file: RowFile) -> Rows:
    """Features of some rows: of new texts by the encoder, of others from where they occurred first."""
    sources = np.array([first.setdefault(texts[row], row) for row in rows])
    made = np.empty((len(rows), file.width), np.float32)
    new = np.flatnonzero(sources == np.arange(rows.start, rows.stop))
    made[new] = _encode([texts[rows.start + place] for place in new.tolist()], encoder)
    earlier = np.flatnonzero(sources < rows.start)
    made[earlier] = file.read(sources[earlier])
    again = np.flatnonzero((sources >= rows.start) & (sources < np.arange(rows.start, rows.stop)))
    made[again] = made[sources[again] - rows.start]
    return made


def _encode(texts: list[str], encoder: Encoder) -> Rows:
    """Features of texts that are all different, checked."""
    features: Tensor = check_unit_features(encoder.encode_texts(texts), "text")
    array: Rows = features.numpy()
    return array


def check_unit_features(features: Tensor, modality: str) -> Tensor:
    """Refuse features that are not finite unit vectors.

    Raises:
        FeatureError: They are not.
    """
    norms = features.norm(dim=-1)
    if not bool(features.isfinite().all()) or not bool(((norms - 1).abs() < NORM_TOLERANCE).all()):
        raise FeatureError(
            f"The encoder gave {modality} features that are not finite unit vectors.",
            "encode_texts and encode_images return unit norm.",
            "Check the encoder's weights and precision.",
        )
    return features


class RowFile:
    """An npy file of ``(N, D)`` float32 that grows block by block and survives an interruption.

    It is written by plain writes: a memory map would count towards this process's memory as it fills, and would end
    the process on a full disk. Finished rows are known by a marker beside the file, written after them.

    Args:
        path: The file.
        count: N.
        width: D.

    Attributes:
        width: D.
        finished: How many rows are in the file.
    """

    def __init__(self, path: Path, count: int, width: int) -> None:
        self.path = path
        self.width = width
        self._marker = path.with_name(f"{path.name}.finished.json")
        self._shape = (count, width)
        self.finished = self._read_marker()
        if not self.finished:
            with path.open("wb") as file:
                np.lib.format.write_array_header_1_0(file, self._header)
        with path.open("rb") as file:
            np.lib.format.read_magic(file)
            np.lib.format.read_array_header_1_0(file)
            self._offset = file.tell()

    def append(self, rows: Rows) -> None:
        """Write rows behind the finished ones, for good."""
        with self.path.open("r+b") as file:
            file.seek(self._offset + self.finished * self.width * rows.itemsize)
            file.write(np.ascontiguousarray(rows).data)
            file.flush()
            os.fsync(file.fileno())
        self.finished += len(rows)
        write_text(self._marker, json.dumps({"shape": self._shape, "finished": self.finished}))

    def read(self, rows: Rows) -> Rows:
        """Some finished rows, in the order given."""
        if not len(rows):
            return np.empty((0, self.width), np.float32)
        mapped = np.memmap(self.path, np.float32, "r", self._offset, (self.finished, self.width))
        return np.array(mapped[rows])

    def close(self) -> None:
        """Remove the marker: the file is whole."""
        self._marker.unlink(missing_ok=True)

    @property
    def _header(self) -> dict[str, Any]:
        """What npy files say of themselves."""
        return {"descr": "<f4", "fortran_order": False, "shape": self._shape}

    def _read_marker(self) -> int:
        """Rows that an interrupted write finished; 0 if nothing is there that fits."""
        try:
            told = json.loads(self._marker.read_text(encoding="utf-8"))
            return int(told["finished"]) if tuple(told["shape"]) == self._shape and self.path.is_file() else 0
        except (OSError, ValueError, KeyError, TypeError):
            return 0
