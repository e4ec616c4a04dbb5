"""Parser of caption files in the JSON form of COCO: ``captions_val2017.json``, and NoCaps with its own keys.

Source: Chen et al., arXiv 1504.00325 (COCO captions); Agrawal et al., ICCV 2019 (NoCaps).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import msgspec

from zsbench_tasks.reading import FileForm, WrongEntryError, check_caption, check_relative_path

__all__ = ["CocoImage", "read_coco_captions"]

FORM = FileForm(
    "caption file in COCO's form",
    "It has images with id and file_name, and annotations with image_id and caption, at least one an image.",
    id_keys=("image_id", "id"),
)


@dataclass(frozen=True, slots=True)
class CocoImage:
    """One image.

    Attributes:
        id: Its id.
        file_name: Its path below the image folder.
        captions: The human captions, surrounding white space removed, none empty.
        open_images_id: Its id in Open Images, in NoCaps alone.
        domain: Its domain, in NoCaps alone.
    """

    id: str
    file_name: str
    captions: tuple[str, ...]
    open_images_id: str | None = None
    domain: str | None = None


class _Image(msgspec.Struct, gc=False):
    id: int | str
    file_name: str
    open_images_id: str | None = None
    domain: str | None = None


class _Annotation(msgspec.Struct, gc=False):
    image_id: int | str
    caption: str


class _File(msgspec.Struct):
    images: list[_Image]
    annotations: list[_Annotation]


def read_coco_captions(path: Path, *, form: FileForm = FORM) -> list[CocoImage]:
    """Read every image with its captions, in the order of ``images``; opens no image.

    Args:
        path: The file.
        form: What a message calls it.

    Returns:
        At least one image.

    Raises:
        CorruptDataError: The file is truncated, not UTF-8 or of another shape, repeats an id, has an annotation of an
            unknown image, an empty caption, an image without captions, or a path that leaves the image folder; the
            entry and the key are named.
    """
    data = form.read(path, _File)
    images = _read_images(data.images, path, form)
    captions: dict[int | str, list[str]] = {id_: [] for id_ in images}
    for number, annotation in enumerate(data.annotations):
        try:
            if annotation.image_id not in captions:
                raise WrongEntryError("is of an image that is not in the file")  # noqa: TRY301  one place names it
            captions[annotation.image_id].append(check_caption(annotation.caption, "caption"))
        except WrongEntryError as error:
            raise form.error(path, f"annotations[{number}]{form.describe(annotation)} {error}") from None
    bare = next((id_ for id_, texts in captions.items() if not texts), None)
    if bare is not None:
        raise form.error(path, f"the image with id {bare} has no caption")
    if not images:
        raise form.error(path, "it has no images at all")
    return [
        CocoImage(str(image.id), image.file_name, tuple(captions[id_]), image.open_images_id, image.domain)
        for id_, image in images.items()
    ]


def _read_images(entries: list[_Image], path: Path, form: FileForm) -> dict[int | str, _Image]:
    """The images by id."""
    images: dict[int | str, _Image] = {}
    for number, image in enumerate(entries):
        try:
            check_relative_path(image.file_name, "file_name")
            if image.id in images:
                raise WrongEntryError("has the id of an image before it")  # noqa: TRY301  one place names the image
            images[image.id] = image
        except WrongEntryError as error:
            raise form.error(path, f"images[{number}]{form.describe(image)} {error}") from None
    return images
