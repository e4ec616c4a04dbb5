"""The world in the official file layout of COCO captions with the Karpathy split."""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

from filelock import FileLock

from zsbench_pocket.world.drawing import draw_scene, encode_jpeg
from zsbench_pocket.world.grammar import caption_scene
from zsbench_pocket.world.lexicon import BASE_KINDS, WORLD_VERSION
from zsbench_pocket.world.scenes import DEFAULT_SEED, Scene, open_stream, sample_scene

CAPTIONS_PER_IMAGE = 5
COCO_FILE = "dataset_coco.json"


@dataclass(frozen=True)
class Split:
    """One part of the data set: where its images would lie, how many there are, whether they are drawn."""

    name: str
    folder: str
    count: int
    first_id: int
    drawn: bool


COCO_SPLITS: tuple[Split, ...] = (
    Split("train", "train2014", 6000, 100_001, drawn=False),
    Split("restval", "val2014", 1000, 200_001, drawn=False),
    Split("val", "val2014", 500, 300_001, drawn=True),
    Split("test", "val2014", 1000, 400_001, drawn=True),
)


class SentenceEntry(TypedDict):
    """One caption in the Karpathy file."""

    raw: str
    tokens: list[str]
    imgid: int
    sentid: int


class ImageEntry(TypedDict):
    """One image in the Karpathy file."""

    filepath: str
    filename: str
    split: str
    imgid: int
    cocoid: int
    sentids: list[int]
    sentences: list[SentenceEntry]


def iter_split_scenes(split: str, *, seed: int = DEFAULT_SEED) -> Iterator[tuple[Scene, list[str]]]:
    """Yield scene and captions of every image of a COCO-like split in order; only base kinds occur.

    Raises:
        KeyError: no split has that name.
    """
    count = {part.name: part.count for part in COCO_SPLITS}[split]
    for index in range(count):
        scene = sample_scene(open_stream(f"coco-{split}", index, seed=seed), kinds=BASE_KINDS)
        yield scene, caption_scene(open_stream(f"coco-{split}-captions", index, seed=seed), scene)


def write_coco_layout(folder: Path, *, seed: int = DEFAULT_SEED) -> None:
    """Write `dataset_coco.json` and the images of val and test; the folder appears complete or not at all.

    Training entries carry captions only: text-only training never opens an image file.

    Raises:
        FileExistsError: the folder exists already.
    """
    if folder.exists():
        raise FileExistsError(f"{folder} exists already. A new folder was expected. Remove it or name another one.")
    folder.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        _write_files(draft, seed)
        draft.chmod(0o755)
        draft.replace(folder)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise


def name_world(*, seed: int = DEFAULT_SEED) -> str:
    """Give the short hash that names the files which version, seed and split sizes lead to."""
    content = json.dumps([WORLD_VERSION, seed, [(part.name, part.count) for part in COCO_SPLITS]])
    return hashlib.sha256(content.encode()).hexdigest()[:16]


def materialize(cache: Path, *, seed: int = DEFAULT_SEED) -> Path:
    """Write the COCO layout once under `cache/<hash>/coco` and return that folder; safe for several processes."""
    folder = cache / name_world(seed=seed) / "coco"
    if not (folder / COCO_FILE).is_file():
        folder.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(folder.parent / "coco.lock"):
            if not (folder / COCO_FILE).is_file():
                write_coco_layout(folder, seed=seed)
    return folder


def tokenize_caption(caption: str) -> list[str]:
    """Split a caption as the Karpathy file does: lower case, no punctuation."""
    return "".join(mark if mark.isalnum() else " " for mark in caption.lower()).split()


def _write_files(folder: Path, seed: int) -> None:
    images: list[ImageEntry] = []
    for part in COCO_SPLITS:
        (folder / part.folder).mkdir(exist_ok=True)
        for index, (scene, captions) in enumerate(iter_split_scenes(part.name, seed=seed)):
            entry = _describe_image(part, index, len(images), captions)
            images.append(entry)
            if part.drawn:
                (folder / part.folder / entry["filename"]).write_bytes(encode_jpeg(draw_scene(scene)))
    text = json.dumps({"dataset": "coco", "images": images})
    (folder / COCO_FILE).write_text(text, encoding="utf-8")


def _describe_image(part: Split, index: int, imgid: int, captions: list[str]) -> ImageEntry:
    cocoid = part.first_id + index
    first = imgid * CAPTIONS_PER_IMAGE
    return {
        "filepath": part.folder,
        "filename": f"COCO_{part.folder}_{cocoid:012d}.jpg",
        "split": part.name,
        "imgid": imgid,
        "cocoid": cocoid,
        "sentids": list(range(first, first + len(captions))),
        "sentences": [
            {"raw": raw, "tokens": tokenize_caption(raw), "imgid": imgid, "sentid": first + step}
            for step, raw in enumerate(captions)
        ],
    }
