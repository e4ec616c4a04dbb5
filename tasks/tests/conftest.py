"""Tiny files in the official schema."""

import json

import pytest


def make_entry(cocoid, split, *captions):
    """One image in the official schema."""
    folder = "train2014" if split == "train" else "val2014"
    return {
        "filepath": folder,
        "sentids": [cocoid * 10 + i for i in range(len(captions))],
        "filename": f"COCO_{folder}_{cocoid:012d}.jpg",
        "imgid": cocoid - 100,
        "split": split,
        "sentences": [
            {"tokens": raw.lower().split(), "raw": raw, "imgid": cocoid - 100, "sentid": cocoid * 10 + i}
            for i, raw in enumerate(captions)
        ],
        "cocoid": cocoid,
    }


@pytest.fixture
def entries():
    """Six images over the four splits, not sorted by id."""
    return [
        make_entry(140, "test", "A dog runs.", " Two dogs \n"),
        make_entry(110, "train", "A red\ncar.", "A car."),
        make_entry(130, "val", "A cat sleeps."),
        make_entry(120, "restval", "A boat\u2028at sea."),
        make_entry(105, "test", "Ein Käfer.", "A bug.", "A beetle."),
        make_entry(150, "train", "A car."),
    ]


@pytest.fixture
def write_split(tmp_path):
    """Writes ``dataset_coco.json`` of some entries, under the data root or a folder in it."""

    def write(entries, folder="."):
        path = tmp_path / folder / "dataset_coco.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({"images": entries, "dataset": "coco"}), encoding="utf-8")
        return path

    return write
