"""The parts of the world in the format of the Karpathy splits: one like COCO, one like Flickr30k."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NotRequired, TypedDict

from zsbench_pocket.world.drawing import draw_scene, encode_jpeg
from zsbench_pocket.world.grammar import COCO_STYLE, PROSE_STYLE, CaptionStyle, caption_scene
from zsbench_pocket.world.lexicon import BASE_KINDS
from zsbench_pocket.world.scenes import DEFAULT_SEED, Scene, open_stream, sample_scene

__all__ = [
    "CAPTIONS_PER_IMAGE",
    "COCO",
    "FLICKR30K",
    "Collection",
    "ImageEntry",
    "SentenceEntry",
    "Split",
    "iter_split_scenes",
    "name_image",
    "tokenize_caption",
    "write_karpathy",
]

CAPTIONS_PER_IMAGE = 5


@dataclass(frozen=True)
class Split:
    """One part of a collection: where its images would lie, how many there are, whether they are drawn."""

    name: str
    folder: str
    count: int
    first_id: int
    drawn: bool


@dataclass(frozen=True)
class Collection:
    """A data set of scenes and captions.

    Attributes:
        name: What its file calls it; names its random streams too.
        style: How its captions are written.
        splits: In the order of the file.
    """

    name: str
    style: CaptionStyle
    splits: tuple[Split, ...]

    @property
    def file(self) -> str:
        """The name of its split file."""
        return f"dataset_{self.name}.json"

    def find_split(self, name: str) -> Split:
        """The split of a name.

        Raises:
            KeyError: There is none.
        """
        return {split.name: split for split in self.splits}[name]


COCO = Collection(
    "coco",
    COCO_STYLE,
    (
        Split("train", "train2014", 6000, 100_001, drawn=False),
        Split("restval", "val2014", 1000, 200_001, drawn=False),
        Split("val", "val2014", 500, 300_001, drawn=True),
        Split("test", "val2014", 1000, 400_001, drawn=True),
    ),
)
FLICKR30K = Collection(
    "flickr30k",
    PROSE_STYLE,
    (
        Split("train", "flickr30k-images", 3000, 1_000_100_001, drawn=False),
        Split("val", "flickr30k-images", 200, 1_000_300_001, drawn=True),
        Split("test", "flickr30k-images", 400, 1_000_400_001, drawn=True),
    ),
)


class SentenceEntry(TypedDict):
    """One caption in a Karpathy file."""

    raw: str
    tokens: list[str]
    imgid: int
    sentid: int


class ImageEntry(TypedDict):
    """One image in a Karpathy file; only COCO's entries name a folder and the image's id in COCO."""

    filepath: NotRequired[str]
    filename: str
    split: str
    imgid: int
    cocoid: NotRequired[int]
    sentids: list[int]
    sentences: list[SentenceEntry]


def iter_split_scenes(
    split: str, *, collection: Collection = COCO, seed: int = DEFAULT_SEED
) -> Iterator[tuple[Scene, list[str]]]:
    """Yield scene and captions of every image of a split in order; only base kinds occur.

    Raises:
        KeyError: No split has that name.
    """
    for index in range(collection.find_split(split).count):
        stream = f"{collection.name}-{split}"
        scene = sample_scene(open_stream(stream, index, seed=seed), kinds=BASE_KINDS)
        rng = open_stream(f"{stream}-captions", index, seed=seed)
        yield scene, caption_scene(rng, scene, count=CAPTIONS_PER_IMAGE, style=collection.style)


def write_karpathy(folder: Path, collection: Collection, *, seed: int = DEFAULT_SEED) -> None:
    """Write a collection's split file and the images of its splits for validation and test into a folder.

    Training entries carry captions only: text-only training never opens an image file.
    """
    images: list[ImageEntry] = []
    for split in collection.splits:
        (folder / split.folder).mkdir(exist_ok=True, parents=True)
        for index, (scene, captions) in enumerate(iter_split_scenes(split.name, collection=collection, seed=seed)):
            entry = _describe_image(collection, split, index, len(images), captions)
            images.append(entry)
            if split.drawn:
                (folder / split.folder / entry["filename"]).write_bytes(encode_jpeg(draw_scene(scene)))
    text = json.dumps({"dataset": collection.name, "images": images})
    (folder / collection.file).write_text(text, encoding="utf-8")


def name_image(collection: Collection, split: Split, id_: int) -> str:
    """The file name of an image: as in COCO, or the bare id as in Flickr30k."""
    return f"COCO_{split.folder}_{id_:012d}.jpg" if collection is COCO else f"{id_}.jpg"


def tokenize_caption(caption: str) -> list[str]:
    """Split a caption as the Karpathy file does: lower case, no punctuation."""
    return "".join(mark if mark.isalnum() else " " for mark in caption.lower()).split()


def _describe_image(collection: Collection, split: Split, index: int, imgid: int, captions: list[str]) -> ImageEntry:
    id_, first = split.first_id + index, imgid * CAPTIONS_PER_IMAGE
    sentences: list[SentenceEntry] = [
        {"raw": raw, "tokens": tokenize_caption(raw), "imgid": imgid, "sentid": first + step}
        for step, raw in enumerate(captions)
    ]
    entry: dict[str, Any] = {
        "filepath": split.folder,
        "filename": name_image(collection, split, id_),
        "split": split.name,
        "imgid": imgid,
        "cocoid": id_,
        "sentids": list(range(first, first + len(captions))),
        "sentences": sentences,
    }
    if collection is not COCO:
        del entry["filepath"], entry["cocoid"]
    return entry  # type: ignore[return-value]  # built key by key above
