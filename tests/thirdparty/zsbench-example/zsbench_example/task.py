"""A captioning task over four drawn shapes that ship with the package."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from zsbench.interfaces import Example, Task, TaskCard

__all__ = ["ShapesTask"]

DATA = Path(__file__).parent / "data"
CARD = TaskCard(
    id="example-shapes",
    title="Four shapes",
    kind="captioning",
    split="all",
    source="ships with zsbench-example",
    licence="Apache-2.0",
    revision="1",
    files=(),
    examples=4,
    ids_sha256="45a7db653cd83d8e5f1f5b61139f43c1e92a69a1e348a7218dd11b2f22e53269",
    metrics=("bleu-1", "bleu-4", "rouge-l", "cider-d"),
    main_metric="cider-d",
)


class ShapesTask(Task):
    """Four 64x64 images, two references each.

    Args:
        data_root: Not used: the data ship with the package.
    """

    def __init__(self, data_root: Path) -> None:
        self._data_root = data_root

    @cached_property
    def _items(self) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = json.loads((DATA / "shapes.json").read_text(encoding="utf-8"))
        return items

    @property
    def card(self) -> TaskCard:
        """The task's facts."""
        return CARD

    @property
    def content_hash(self) -> str:
        """SHA-256 over ids and references, in order."""
        rows = [[item["id"], *item["captions"]] for item in self._items]
        return hashlib.sha256(json.dumps(rows).encode()).hexdigest()

    def examples(self) -> Sequence[Example]:
        """The four shapes, in the order of ``shapes.json``."""
        return [Example(item["id"], DATA / item["image"]) for item in self._items]

    def references(self) -> Mapping[str, Sequence[str]]:
        """Two captions a shape, by id."""
        return {item["id"]: tuple(item["captions"]) for item in self._items}
