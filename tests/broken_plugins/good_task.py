"""Good: a task of four plain images, written by ``write_images``, and a corpus of their captions."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from zsbench.hookspecs import hookimpl
from zsbench.interfaces import Example, Task, TaskCard, TextCorpus
from zsbench.interfaces.specs import CorpusSpec, TaskSpec

COLOURS = ("red", "green", "blue", "black")
REFERENCES = {colour: (f"a {colour} square", f"something {colour} and square") for colour in COLOURS}
CARD = TaskCard(
    id="good-task",
    title="Four squares",
    kind="captioning",
    split="all",
    source="drawn here",
    licence="Apache-2.0",
    revision="1",
    files=tuple(f"{colour}.png" for colour in COLOURS),
    examples=4,
    metrics=("bleu-1", "cider-d"),
    main_metric="cider-d",
)


def write_images(data_root: Path) -> None:
    from PIL import Image

    for colour in COLOURS:
        Image.new("RGB", (16, 16), colour).save(data_root / f"{colour}.png")


class SquaresTask(Task):
    def __init__(self, data_root: Path) -> None:
        self.data_root = data_root

    @property
    def card(self) -> TaskCard:
        return CARD

    @property
    def content_hash(self) -> str:
        return hashlib.sha256(json.dumps(REFERENCES).encode()).hexdigest()

    def examples(self) -> Sequence[Example]:
        return [Example(colour, self.data_root / f"{colour}.png") for colour in COLOURS]

    def references(self) -> Mapping[str, Sequence[str]]:
        return REFERENCES


class SquaresCorpus(TextCorpus):
    def __init__(self, data_root: Path) -> None:
        self.data_root = data_root

    def texts(self) -> Sequence[str]:
        return [text for colour in COLOURS for text in REFERENCES[colour]]


@hookimpl
def zsbench_tasks() -> list[TaskSpec]:
    return [TaskSpec(id="good-task", factory="good_task:SquaresTask", summary="caption four squares")]


@hookimpl
def zsbench_corpora() -> list[CorpusSpec]:
    return [CorpusSpec(id="good-corpus", factory="good_task:SquaresCorpus", summary="captions of four squares")]
