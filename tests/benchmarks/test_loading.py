"""5,000 images out of a Karpathy file of COCO's size, ours and by parsing all of it."""

from __future__ import annotations

import json
import random

import pytest

from zsbench_tasks.coco import coco_karpathy_test
from zsbench_tasks.karpathy import read_karpathy

SPLITS = {"train": 82_783, "restval": 30_504, "val": 5_000, "test": 5_000}
WORDS = [f"word{number}" for number in range(2000)]


@pytest.fixture(scope="module")
def data_root(tmp_path_factory):
    """``dataset_coco.json`` with 123,287 images of five captions each; no image files."""
    rng = random.Random(0)
    names = [split for split, count in SPLITS.items() for _ in range(count)]
    rng.shuffle(names)
    root = tmp_path_factory.mktemp("coco")
    images = [_entry(number, split, rng) for number, split in enumerate(names)]
    (root / "dataset_coco.json").write_text(json.dumps({"images": images, "dataset": "coco"}), encoding="utf-8")
    return root


def _entry(number, split, rng):
    """One image in the official schema."""
    texts = [rng.choices(WORDS, k=10) for _ in range(5)]
    return {
        "filepath": "val2014",
        "sentids": list(range(number * 5, number * 5 + 5)),
        "filename": f"COCO_val2014_{number:012d}.jpg",
        "imgid": number,
        "split": split,
        "sentences": [
            {"tokens": words, "raw": " ".join(words) + ".", "imgid": number, "sentid": number * 5 + place}
            for place, words in enumerate(texts)
        ],
        "cocoid": number + 1000,
    }


def _load_naively(path):
    """As most scripts do: all of the file, then the images of a split."""
    images = json.loads(path.read_text(encoding="utf-8"))["images"]
    return [
        (str(image["cocoid"]), tuple(sentence["raw"] for sentence in image["sentences"]))
        for image in images
        if image["split"] == "test"
    ]


@pytest.mark.ratio(
    what="a Karpathy split loaded and checked",
    against="the whole file through `json.loads`, nothing checked",
    size="5,000 of 123,287 images, five captions each",
)
def test_karpathy(side_by_side, data_root):
    """Every check of the loader included; no image is opened, for there is none."""
    path = data_root / "dataset_coco.json"
    examples, found = side_by_side(lambda: coco_karpathy_test(data_root).examples(), lambda: _load_naively(path))
    assert len(examples) == len(found) == SPLITS["test"]
    assert found == [(image.id, image.captions) for image in read_karpathy(path, splits=("test",))]
