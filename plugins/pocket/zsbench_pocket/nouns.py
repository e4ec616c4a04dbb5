"""How many of the objects that captions name are there: `python -m zsbench_pocket.nouns RUN`.

Reads the samples of a run on the embedded world and compares each object noun of a caption with the scene it is of.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Iterator
from pathlib import Path

from zsbench_pocket.say import say
from zsbench_pocket.world.layout import COCO_SPLITS, iter_split_scenes, tokenize_caption
from zsbench_pocket.world.lexicon import KINDS

__all__ = ["count_nouns", "kinds_in_caption", "kinds_in_scenes"]

KIND_OF_WORD = {word: kind.name for kind in KINDS for noun in kind.nouns for word in (noun.singular, noun.plural)}


def kinds_in_caption(caption: str) -> list[str]:
    """The object classes that a caption names, in order."""
    return [KIND_OF_WORD[word] for word in tokenize_caption(caption) if word in KIND_OF_WORD]


def kinds_in_scenes(split: str) -> dict[str, set[str]]:
    """The object classes of each scene of a split, by example id."""
    first = next(part.first_id for part in COCO_SPLITS if part.name == split)
    scenes = enumerate(iter_split_scenes(split))
    return {str(first + index): {group.kind for group in scene.groups} for index, (scene, _) in scenes}


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


def read_captions(samples: Path) -> Iterator[tuple[str, str]]:
    """Pairs of example id and caption of a cell."""
    for line in samples.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        yield row["id"], row["prediction"]


def main() -> None:
    """Print one line for each cell of a run."""
    parser = argparse.ArgumentParser(description="Share of named objects that are in the scene.")
    parser.add_argument("run", type=Path, help="a folder that `zsbench run` wrote")
    parser.add_argument("--split", default="test", choices=["val", "test"])
    options = parser.parse_args()
    scenes = kinds_in_scenes(options.split)
    for name in json.loads((options.run / "run.json").read_text(encoding="utf-8"))["cells"]:
        right, total = count_nouns(read_captions(options.run / "cells" / name / "samples.jsonl"), scenes)
        say(f"{name.partition('__')[0]:<20} {right / max(total, 1):.3f} of {total} object nouns are in the scene")


if __name__ == "__main__":
    main()
