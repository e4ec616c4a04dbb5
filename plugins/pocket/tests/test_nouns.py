"""Counting the objects that captions name."""

from __future__ import annotations

import json

import pytest

from zsbench_pocket.nouns import (
    count_nouns,
    count_novel,
    iter_reports,
    kinds_in_caption,
    kinds_in_scenes,
    kinds_in_task,
)
from zsbench_pocket.world.karpathy import FLICKR30K, iter_split_scenes


def test_synonyms_and_plurals_name_their_kind():
    """A crate is a box; verbs and colours are no objects."""
    assert kinds_in_caption("Two red crates beside a cottage.") == ["box", "house"]
    assert kinds_in_caption("a quiet night") == []


def test_only_objects_of_the_scene_are_right():
    """Each mention counts."""
    scenes = {"1": {"box", "cat"}}
    assert count_nouns([("1", "a cat, a dog and a box"), ("1", "a house"), ("1", "")], scenes) == (2, 3)


def test_the_references_name_only_what_is_there():
    """The world's own captions score one."""
    scenes = kinds_in_scenes("val")
    pairs = [
        (id_, caption)
        for id_, (_, captions) in zip(scenes, iter_split_scenes("val"), strict=True)
        for caption in captions
    ]
    right, total = count_nouns(pairs, scenes)
    assert right == total > 1000


def test_an_id_of_another_split_is_refused():
    """A test caption is not judged by a validation scene."""
    with pytest.raises(KeyError):
        count_nouns([("no-such-id", "a cat")], {"1": {"cat"}})


def test_novel_objects_are_counted_by_caption():
    """A caption counts once if it names a novel object of its scene; scenes without any do not count."""
    scenes = {"1": {"kite", "cat"}, "2": {"cup"}, "3": {"cat"}}
    pairs = [("1", "a kite above a kite"), ("2", "a kite"), ("3", "a cup")]
    assert count_novel(pairs, scenes) == (1, 2)


@pytest.mark.parametrize(
    ("task", "parts"),
    [
        ("coco-karpathy-val", {"all": 500}),
        ("flickr30k-karpathy-val", {"all": 200}),
        ("nocaps-val", {"in-domain": 65, "near-domain": 294, "out-domain": 91}),
        ("vqav2-val", {}),
    ],
)
def test_every_captioning_task_of_the_world_is_known(task, parts):
    """Scenes are found by task and part; tasks without captions have none."""
    assert {part: len(scenes) for part, scenes in kinds_in_task(task).items()} == parts


def test_a_run_is_reported_cell_by_cell(tmp_path):
    """One line for each cell and part; cells of questions are passed over."""
    (tmp_path / "run.json").write_text(json.dumps({"cells": ["a", "b"]}), encoding="utf-8")
    first = next(iter(kinds_in_scenes("val", collection=FLICKR30K).items()))
    for name, task in (("a", "flickr30k-karpathy-val"), ("b", "vqav2-val")):
        folder = tmp_path / "cells" / name
        folder.mkdir(parents=True)
        (folder / "result.json").write_text(json.dumps({"cell": {"task": task, "captioner": "mine"}}), encoding="utf-8")
        caption = f"a {min(first[1])} and a kite"
        (folder / "samples.jsonl").write_text(json.dumps({"id": first[0], "prediction": caption}), encoding="utf-8")
    [line] = iter_reports(tmp_path)
    assert line.startswith("flickr30k-karpathy-val")
    assert "mine" in line
    assert "0.500 of 2 object nouns" in line
