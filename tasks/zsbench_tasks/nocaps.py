"""NoCaps validation: 4,500 images of Open Images in three domains.

The file that nocaps.org gives names the domain of each image. Mirrors on dataset hubs leave it out, and scores by
domain need it.

Source: Agrawal et al., "nocaps: novel object captioning at scale", ICCV 2019.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from zsbench.errors import CorruptDataError
from zsbench.interfaces import RequiredFile, Task
from zsbench_tasks.captioning import CaptionedImage, CaptioningTask
from zsbench_tasks.coco_captions import CocoImage, read_coco_captions
from zsbench_tasks.files import DataFile, find_folder, locate_file
from zsbench_tasks.reading import FileForm

__all__ = ["DOMAINS", "NOCAPS", "nocaps_val"]

DOMAINS = ("in-domain", "near-domain", "out-domain")
IMAGE_FOLDERS = ("val", "images", "validation", "val_imgs")
URL = "https://nocaps.s3.amazonaws.com/nocaps_val_4500_captions.json"

NOCAPS = DataFile(
    name="nocaps_val_4500_captions.json",
    folder="nocaps",
    layout="nocaps_val_4500_captions.json and the image folder val",
    origin=URL,
)
FORM = FileForm(
    "NoCaps caption file",
    "It has images with id, file_name, open_images_id and domain, and annotations with image_id and caption.",
    f"Get nocaps_val_4500_captions.json from {URL}.",
    ("image_id", "id"),
)


def nocaps_val(data_root: Path) -> Task:
    """The task ``nocaps-val``; reads nothing yet."""
    return CaptioningTask("nocaps-val", NoCapsSource(data_root))


@dataclass(frozen=True)
class NoCapsSource:
    """The validation images of NoCaps with their domains.

    Attributes:
        data_root: The folder of the data.
    """

    data_root: Path

    def load_images(self) -> Sequence[CaptionedImage]:
        """The images, in file order; each found by ``file_name``, or by ``open_images_id`` where files are so named.

        Raises:
            MissingDataError: The caption file is not under the data root.
            CorruptDataError: It is not sound, or names no domains, as mirrors do.
        """
        path = locate_file(self.data_root, NOCAPS)
        images = read_coco_captions(path, form=FORM)
        _check_domains(images, path)
        folder = find_folder(path.parent, IMAGE_FOLDERS)
        names = _names_by_stem(folder)
        return [
            CaptionedImage(image.id, folder / _file_of(image, names), image.captions, image.domain or "")
            for image in images
        ]

    def required_files(self) -> Sequence[RequiredFile]:
        """The caption file and the image folder beside it."""
        file = NOCAPS.required(self.data_root)
        places = tuple(place.parent / name for place in file.places for name in IMAGE_FOLDERS)
        return [file, RequiredFile(f"{IMAGE_FOLDERS[0]}/", places)]

    def iter_problems(self) -> Iterator[str]:
        """Nothing beside what reading refuses: the file holds one split."""
        yield from ()


def _check_domains(images: Sequence[CocoImage], path: Path) -> None:
    """Refuse a file without domains, and an unknown domain."""
    if all(image.domain is None for image in images):
        raise CorruptDataError(
            f"{str(path)!r} names no domain of any image; it is a mirror of NoCaps that dropped the key 'domain'.",
            f"Scores by domain need the file of nocaps.org, in which every image has one of: {', '.join(DOMAINS)}.",
            f"Get nocaps_val_4500_captions.json from {URL} and put it in its place.",
            path=path,
        )
    wrong = next((image for image in images if image.domain not in DOMAINS), None)
    if wrong is not None:
        raise FORM.error(path, f"the image with id {wrong.id} has the domain {wrong.domain!r}")


def _file_of(image: CocoImage, names: dict[str, str]) -> str:
    """The file of an image below the image folder."""
    if names.get(Path(image.file_name).stem) == image.file_name:
        return image.file_name
    return names.get(image.open_images_id or "", image.file_name)


def _names_by_stem(folder: Path) -> dict[str, str]:
    """The names of the files in a folder, by their stems; none if there is no such folder."""
    if not folder.is_dir():
        return {}
    with os.scandir(folder) as entries:
        return {Path(entry.name).stem: entry.name for entry in entries}
