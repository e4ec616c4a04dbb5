"""How many of the objects that captions name are there: `python -m zsbench_pocket.nouns RUN`.

Reads the samples of a run on the embedded world and compares each object noun of a caption with the scene it is of.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Iterator
from pathlib import Path

from zsbench_pocket.say import say
from zsbench_pocket.world.karpathy import COCO, FLICKR30K, Collection, iter_split_scenes, tokenize_caption
from zsbench_pocket.world.lexicon import KINDS, NOVEL_KINDS
from zsbench_pocket.world.nocaps import DOMAINS, iter_novelty_images

__all__ = ["count_nouns", "count_novel", "kinds_in_caption", "kinds_in_domain", "kinds_in_scenes", "kinds_in_task"]

KIND_OF_WORD = {word: kind.name for kind in KINDS for noun in kind.nouns for word in (noun.singular, noun.plural)}
KARPATHY_TASKS: dict[str, tuple[Collection, str]] = {
    "coco-karpathy-test": (COCO, "test"),
    "coco-karpathy-val": (COCO, "val"),
    "flickr30k-karpathy-test": (FLICKR30K, "test"),
    "flickr30k-karpathy-val": (FLICKR30K, "val"),
}
NOVELTY_TASK = "nocaps-val"


def kinds_in_caption(caption: str) -> list[str]:
    """The object classes that a caption names, in order."""
    return [KIND_OF_WORD[word] for word in tokenize_caption(caption) if word in KIND_OF_WORD]


def kinds_in_scenes(split: str, *, collection: Collection = COCO) -> dict[str, set[str]]:
    """The object classes of each scene of a split, by example id."""
    first = collection.find_split(split).first_id
    scenes = enumerate(iter_split_scenes(split, collection=collection))
    return {str(first + index): {group.kind for group in scene.groups} for index, (scene, _) in scenes}


def kinds_in_domain(domain: str) -> dict[str, set[str]]:
    """The object classes of each scene of a NoCaps-like domain, by example id."""
    images = (image for image in iter_novelty_images() if image.domain == domain)
    return {str(image.id): {group.kind for group in image.scene.groups} for image in images}


def kinds_in_task(task: str) -> dict[str, dict[str, set[str]]]:
    """The object classes of each scene of a task, by part of the task and example id; empty for other tasks."""
    if task in KARPATHY_TASKS:
        collection, split = KARPATHY_TASKS[task]
        return {"all": kinds_in_scenes(split, collection=collection)}
    return {domain: kinds_in_domain(domain) for domain in DOMAINS} if task == NOVELTY_TASK else {}


def count_nouns(captions: Iterable[tuple[str, str]], scenes: dict[str, set[str]]) -> tuple[int, int]:
    """Object nouns of captions that are in their scene, and all object nouns.

    Args:
        captions: Pairs of example id and caption.
        scenes: Object classes by example id.

    Raises:
        KeyError: an id is of another split.
    """
    right = total = 0
    for id_, caption in captions:
        named = kinds_in_caption(caption)
        right += sum(kind in scenes[id_] for kind in named)
        total += len(named)
    return right, total


def count_novel(captions: Iterable[tuple[str, str]], scenes: dict[str, set[str]]) -> tuple[int, int]:
    """Captions that name a novel object of their scene, and all captions of scenes that have one.

    Raises:
        KeyError: an id is of another split.
    """
    found = total = 0
    for id_, caption in captions:
        there = scenes[id_] & set(NOVEL_KINDS)
        total += bool(there)
        found += bool(there & set(kinds_in_caption(caption)))
    return found, total


def read_captions(samples: Path) -> Iterator[tuple[str, str]]:
    """Pairs of example id and caption of a cell."""
    for line in samples.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        yield row["id"], row["prediction"]


def iter_reports(run: Path) -> Iterator[str]:
    """One line for each captioning cell of a run and each part of its task."""
    known: dict[str, dict[str, dict[str, set[str]]]] = {}
    for name in json.loads((run / "run.json").read_text(encoding="utf-8"))["cells"]:
        folder = run / "cells" / name
        cell = json.loads((folder / "result.json").read_text(encoding="utf-8"))["cell"]
        parts = known.setdefault(cell["task"], kinds_in_task(cell["task"]))
        captions = list(read_captions(folder / "samples.jsonl")) if parts else []
        for part, scenes in parts.items():
            yield f"{cell['task']:<24} {part:<12} {cell['captioner']:<20} {_tell(captions, scenes)}"


def _tell(captions: list[tuple[str, str]], scenes: dict[str, set[str]]) -> str:
    """The figures of the captions that belong to some scenes."""
    mine = [(id_, caption) for id_, caption in captions if id_ in scenes]
    right, total = count_nouns(mine, scenes)
    found, novel = count_novel(mine, scenes)
    told = f"{right / max(total, 1):.3f} of {total} object nouns are in the scene"
    return f"{told}, {found / novel:.3f} of {novel} name a novel object that is" if novel else told


def main() -> None:
    """Print one line for each captioning cell of a run and each part of its task."""
    parser = argparse.ArgumentParser(description="Share of named objects that are in the scene.")
    parser.add_argument("run", type=Path, help="a folder that `zsbench run` wrote")
    for line in iter_reports(parser.parse_args().run):
        say(line)


if __name__ == "__main__":
    main()
