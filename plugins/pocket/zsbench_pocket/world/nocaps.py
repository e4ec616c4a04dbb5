"""The part like NoCaps: scenes with objects that no training caption names.

Source of the format: Agrawal et al., ICCV 2019 (nocaps), the validation file ``nocaps_val_4500_captions.json``.
"""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from zsbench_pocket.world.drawing import draw_scene, encode_jpeg
from zsbench_pocket.world.grammar import caption_scene
from zsbench_pocket.world.lexicon import ALL_KINDS, BASE_KINDS, IMAGE_SIDE, NOVEL_KINDS
from zsbench_pocket.world.scenes import DEFAULT_SEED, Scene, open_stream, sample_scene

__all__ = ["CAPTIONS_FILE", "DOMAINS", "NoveltyImage", "iter_novelty_images", "write_nocaps"]

CAPTIONS_FILE = "nocaps_val_4500_captions.json"
IMAGE_FOLDER = "images"
REFERENCES_PER_IMAGE = 10
DOMAINS: dict[str, int] = {"in-domain": 65, "near-domain": 294, "out-domain": 91}
"""Images by domain: a tenth of the official 648, 2,938 and 914."""
DATE_CAPTURED = "2018-11-06 11:04:33"
INFO: dict[str, str | int] = {
    "url": "http://nocaps.org",
    "date_created": "2018/11/06",
    "version": "0.1",
    "description": "drawn scenes in the format of the nocaps validation dataset",
    "contributor": "zsbench-pocket",
    "year": 2018,
}


@dataclass(frozen=True)
class NoveltyImage:
    """One image: its id, its domain, what is in it and ten captions."""

    id: int
    domain: str
    scene: Scene
    captions: tuple[str, ...]

    @property
    def open_images_id(self) -> str:
        """Sixteen hexadecimal digits, as Open Images names its files."""
        return hashlib.sha256(f"nocaps-{self.id}-{self.scene.paint_seed}".encode()).hexdigest()[:16]


def iter_novelty_images(*, seed: int = DEFAULT_SEED) -> Iterator[NoveltyImage]:
    """Yield every image in the order of its id; the domains are mixed, so that the first few hold all of them.

    In-domain scenes hold base kinds only, near-domain ones base and novel kinds, out-domain ones novel kinds only.
    """
    domains = [domain for domain, count in DOMAINS.items() for _ in range(count)]
    open_stream("nocaps-order", 0, seed=seed).shuffle(domains)
    for index, domain in enumerate(domains):
        scene = _sample_domain(open_stream("nocaps-val", index, seed=seed), domain)
        rng = open_stream("nocaps-val-captions", index, seed=seed)
        captions = caption_scene(rng, scene, count=REFERENCES_PER_IMAGE)
        yield NoveltyImage(index, domain, scene, tuple(captions))


def write_nocaps(folder: Path, *, seed: int = DEFAULT_SEED) -> None:
    """Write the captions file and the images into a folder."""
    (folder / IMAGE_FOLDER).mkdir(parents=True)
    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    for image in iter_novelty_images(seed=seed):
        entry = _describe_image(image)
        images.append(entry)
        for caption in image.captions:
            annotations.append({"image_id": image.id, "id": len(annotations), "caption": caption})
        (folder / IMAGE_FOLDER / entry["file_name"]).write_bytes(encode_jpeg(draw_scene(image.scene)))
    content = {"licenses": [], "info": INFO, "images": images, "annotations": annotations}
    (folder / CAPTIONS_FILE).write_text(json.dumps(content), encoding="utf-8")


def _sample_domain(rng: random.Random, domain: str) -> Scene:
    """A scene of a domain; for near-domain the first of a stream that holds both sorts of kinds."""
    if domain == "in-domain":
        return sample_scene(rng, kinds=BASE_KINDS)
    if domain == "out-domain":
        return sample_scene(rng, kinds=NOVEL_KINDS)
    while True:
        scene = sample_scene(rng, kinds=ALL_KINDS)
        novel = {group.kind in NOVEL_KINDS for group in scene.groups}
        if len(novel) == 2:  # noqa: PLR2004  both yes and no
            return scene


def _describe_image(image: NoveltyImage) -> dict[str, Any]:
    """The image's entry, every key as in the official file; the address is that of the file beside it."""
    name = f"{image.open_images_id}.jpg"
    return {
        "id": image.id,
        "open_images_id": image.open_images_id,
        "coco_url": f"{IMAGE_FOLDER}/{name}",
        "file_name": name,
        "width": IMAGE_SIDE,
        "height": IMAGE_SIDE,
        "license": 0,
        "date_captured": DATE_CAPTURED,
        "domain": image.domain,
    }
