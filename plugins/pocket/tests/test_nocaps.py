"""The part like NoCaps."""

from __future__ import annotations

import json
from collections import Counter

import pytest
from PIL import Image

from zsbench_pocket.nouns import kinds_in_caption
from zsbench_pocket.world.lexicon import BASE_KINDS, IMAGE_SIDE, NOVEL_KINDS
from zsbench_pocket.world.nocaps import DOMAINS, iter_novelty_images

OFFICIAL = {"in-domain": 648, "near-domain": 2938, "out-domain": 914}


@pytest.fixture(scope="module")
def folder(world):
    return world / "nocaps"


@pytest.fixture(scope="module")
def document(folder):
    return json.loads((folder / "nocaps_val_4500_captions.json").read_text(encoding="utf-8"))


def test_file_has_the_official_keys(document):
    """The keys of the official file at every level, and no other."""
    assert set(document) == {"licenses", "info", "images", "annotations"}
    assert set(document["info"]) == {"url", "date_created", "version", "description", "contributor", "year"}
    for image in document["images"]:
        assert set(image) == {
            "id", "open_images_id", "coco_url", "file_name", "width", "height", "license", "date_captured", "domain",
        }  # fmt: skip
    assert all(set(annotation) == {"image_id", "id", "caption"} for annotation in document["annotations"])


def test_ids_run_from_zero_and_every_image_has_ten_captions(document):
    """As in the official file, where images and captions are numbered through."""
    assert [image["id"] for image in document["images"]] == list(range(sum(DOMAINS.values())))
    assert [annotation["id"] for annotation in document["annotations"]] == list(range(10 * sum(DOMAINS.values())))
    assert set(Counter(annotation["image_id"] for annotation in document["annotations"]).values()) == {10}


def test_domains_keep_the_official_proportions(document):
    """A tenth of the official counts, mixed so that the first images already show all three."""
    assert Counter(image["domain"] for image in document["images"]) == DOMAINS
    for domain, count in OFFICIAL.items():
        assert DOMAINS[domain] == pytest.approx(count / 10, abs=0.5)
    assert {image["domain"] for image in document["images"][:40]} == set(OFFICIAL)


def test_domains_hold_the_kinds_that_they_promise():
    """In-domain base kinds alone, near-domain both sorts, out-domain novel kinds alone."""
    for image in iter_novelty_images():
        kinds = {group.kind for group in image.scene.groups}
        assert bool(kinds & set(BASE_KINDS)) == (image.domain != "out-domain")
        assert bool(kinds & set(NOVEL_KINDS)) == (image.domain != "in-domain")


def test_captions_name_only_what_is_there():
    """References are true, and those of out-domain images name novel kinds alone."""
    for image in iter_novelty_images():
        named = {kind for caption in image.captions for kind in kinds_in_caption(caption)}
        assert named <= {group.kind for group in image.scene.groups}


def test_every_image_is_there(folder, document):
    """Each file name is that of Open Images' id, unique, and its picture has the stated size."""
    assert len({image["file_name"] for image in document["images"]}) == len(document["images"])
    for entry in document["images"]:
        assert entry["file_name"] == f"{entry['open_images_id']}.jpg"
        assert (folder / "images" / entry["file_name"]).is_file()
        assert (folder / entry["coco_url"]).is_file()
    with Image.open(folder / "images" / document["images"][0]["file_name"]) as image:
        assert image.size == (document["images"][0]["width"], document["images"][0]["height"]) == (IMAGE_SIDE,) * 2
