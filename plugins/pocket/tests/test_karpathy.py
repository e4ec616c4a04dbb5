"""The parts in the format of the Karpathy splits."""

from __future__ import annotations

import json
import re

import pytest
from PIL import Image

from zsbench_pocket.world.karpathy import COCO, FLICKR30K, iter_split_scenes, tokenize_caption
from zsbench_pocket.world.lexicon import IMAGE_SIDE, KIND_BY_NAME, NOVEL_KINDS

COLLECTIONS = {"coco": COCO, "flickr30k": FLICKR30K}
KEYS = {
    "coco": {"filepath", "filename", "split", "imgid", "cocoid", "sentids", "sentences"},
    "flickr30k": {"filename", "split", "imgid", "sentids", "sentences"},
}


@pytest.fixture(scope="module", params=["coco", "flickr30k"])
def name(request):
    return request.param


@pytest.fixture(scope="module")
def document(world, name):
    return json.loads((world / name / f"dataset_{name}.json").read_text(encoding="utf-8"))


def _image_file(world, name, entry):
    return world / name / entry.get("filepath", "flickr30k-images") / entry["filename"]


def _tokens(images, splits):
    return [" ".join(s["tokens"]) for entry in images if entry["split"] in splits for s in entry["sentences"]]


def test_file_has_the_official_keys(document, name):
    """The data set's name and its images, each with the keys of the official file and no other."""
    assert set(document) == {"dataset", "images"}
    assert document["dataset"] == name
    assert all(set(entry) == KEYS[name] for entry in document["images"])
    sentences = [sentence for entry in document["images"] for sentence in entry["sentences"]]
    assert all(set(sentence) == {"raw", "tokens", "imgid", "sentid"} for sentence in sentences)


def test_splits_have_their_sizes_and_share_nothing(document, name):
    """Every image belongs to one split; ids, names and scenes are never shared."""
    images, collection = document["images"], COLLECTIONS[name]
    for split in collection.splits:
        assert sum(entry["split"] == split.name for entry in images) == split.count
    for key in KEYS[name] & {"imgid", "cocoid", "filename"}:
        assert len({entry[key] for entry in images}) == len(images)
    drawn = [
        {scene for scene, _ in iter_split_scenes(split.name, collection=collection)} for split in collection.splits[1:]
    ]
    assert len(set.union(*drawn)) == sum(len(scenes) for scenes in drawn)


def test_two_collections_show_other_scenes():
    """What the one tests on, the other does not hold."""
    coco, flickr = ({scene for scene, _ in iter_split_scenes("test", collection=c)} for c in (COCO, FLICKR30K))
    assert not coco & flickr


def test_sentences_are_five_an_image_and_numbered_through(document):
    """Running sentence ids, tokens of the raw text, one line each."""
    running = 0
    for entry in document["images"]:
        assert (
            entry["sentids"]
            == [sentence["sentid"] for sentence in entry["sentences"]]
            == list(range(running, running + 5))
        )
        running += 5
        for sentence in entry["sentences"]:
            assert sentence["imgid"] == entry["imgid"]
            assert sentence["tokens"] == tokenize_caption(sentence["raw"])
            assert sentence["raw"].splitlines() == [sentence["raw"]]


def test_file_names_are_the_official_ones(document, name):
    """COCO's with folder and twelve digits, Flickr30k's a number alone."""
    for entry in document["images"]:
        if name == "coco":
            assert entry["filename"] == f"COCO_{entry['filepath']}_{entry['cocoid']:012d}.jpg"
        else:
            assert re.fullmatch(r"\d{10}\.jpg", entry["filename"])


def test_images_of_val_and_test_exist_and_those_of_training_do_not(world, document, name):
    """Text-only training cannot open an image by mistake."""
    for entry in document["images"]:
        assert _image_file(world, name, entry).exists() == (entry["split"] in {"val", "test"})
    with Image.open(_image_file(world, name, document["images"][-1])) as image:
        assert (image.format, image.size, image.mode) == ("JPEG", (IMAGE_SIDE, IMAGE_SIDE), "RGB")


def test_novel_kinds_never_occur_in_the_captions(document):
    """The captioners' text knows base kinds alone, in every split."""
    novel = {w for k in NOVEL_KINDS for noun in KIND_BY_NAME[k].nouns for w in (noun.singular, noun.plural)}
    words = {word for entry in document["images"] for s in entry["sentences"] for word in s["tokens"]}
    assert not words & novel


def test_test_captions_rarely_repeat_training_captions(document):
    """The corpus does not cover the space of captions, so that retrieval is no oracle."""
    known, asked = set(_tokens(document["images"], {"train", "restval"})), _tokens(document["images"], {"test"})
    assert sum(text in known for text in asked) / len(asked) < 0.1


def test_the_two_collections_are_written_in_other_styles(world):
    """Flickr30k's captions are longer sentences that begin with a capital; its frames never occur in COCO."""
    raw = {
        name: [s["raw"] for e in json.loads((world / name / f"dataset_{name}.json").read_text("utf-8"))["images"]
               for s in e["sentences"]]
        for name in COLLECTIONS
    }  # fmt: skip
    length = {name: sum(len(text.split()) for text in texts) / len(texts) for name, texts in raw.items()}
    capital = {name: sum(text[0].isupper() for text in texts) / len(texts) for name, texts in raw.items()}
    assert length["flickr30k"] > 1.15 * length["coco"]
    assert capital["flickr30k"] > 2 * capital["coco"]
    assert any("photo" in text for text in raw["flickr30k"])
    assert not any("photo" in text for text in raw["coco"])
