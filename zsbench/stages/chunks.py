"""Predictions in chunks: an interrupted stage loses at most one."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zsbench.files import write_text

if TYPE_CHECKING:
    from zsbench.interfaces.captioner import Progress

__all__ = ["PARTS", "QUESTIONS_PER_IMAGE", "Row", "read_predictions", "write_chunks"]

QUESTIONS_PER_IMAGE = 8
"""Questions answered together for every image that would be captioned together; prompts of one length share a pass."""
FILE = "predictions.jsonl"
PARTS = "part-*.jsonl"
"""The chunks of an unfinished stage in its partial folder, each written whole."""
Row = dict[str, Any]


def write_chunks(
    folder: Path, count: int, size: int, make: Callable[[int, int], list[Row]], progress: Progress
) -> None:
    """Write rows 0 to ``count`` as ``predictions.jsonl``, chunk by chunk; finished chunks are kept.

    Args:
        folder: Where; chunks of an interrupted run may lie there.
        count: How many rows there will be.
        size: Rows of a chunk.
        make: Gives the rows from start to stop.
        progress: Called with (done, total).
    """
    parts: list[Path] = []
    start = 0
    while start < count:
        part = _finished_part(folder, start)
        if part is None:
            stop = min(start + size, count)
            text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in make(start, stop))
            part = folder / f"part-{start:07d}-{stop:07d}.jsonl"
            write_text(part, text)
        parts.append(part)
        start = int(part.stem.rpartition("-")[2])
        progress(start, count)
    write_text(folder / FILE, "".join(path.read_text(encoding="utf-8") for path in parts))
    for path in parts:
        path.unlink()


def read_predictions(folder: Path) -> Iterator[Row]:
    """The rows of a predict or read stage: id, and prediction or error; for captions candidates and chosen."""
    with (folder / FILE).open(encoding="utf-8") as file:
        yield from (json.loads(line) for line in file)


def _finished_part(folder: Path, start: int) -> Path | None:
    """The chunk that begins with a row, if an interrupted run finished it."""
    return next(iter(sorted(folder.glob(f"part-{start:07d}-*.jsonl"))), None)
