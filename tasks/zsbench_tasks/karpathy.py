"""Parser of the Karpathy split files (``dataset_coco.json`` and its siblings).

Source: Karpathy and Fei-Fei, CVPR 2015, arXiv 1412.2306; the splits' file format.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Literal

import msgspec

from zsbench_tasks.reading import FileForm, WrongEntryError, check_caption, check_relative_path

__all__ = ["IdKind", "KarpathyImage", "read_karpathy", "read_karpathy_splits"]

IdKind = Literal["number", "stem"]
"""What identifies an image: ``cocoid`` (``imgid`` in an entry without one), or the stem of its file name."""

FORM = FileForm(
    "Karpathy split file",
    "Each of its images has the keys filename, split, imgid or cocoid, and sentences, each with a raw caption.",
    id_keys=("cocoid", "imgid"),
)


@dataclass(frozen=True, slots=True)
class KarpathyImage:
    """One image of a split.

    Attributes:
        id: Its number, or the stem of its file name.
        split: train, restval, val or test.
        folder: Relative folder of the image, ``/`` between parts; empty where the file names none.
        filename: The image file in that folder.
        captions: The human captions, surrounding white space removed, none empty.
    """

    id: str
    split: str
    folder: str
    filename: str
    captions: tuple[str, ...]


class _Sentence(msgspec.Struct, gc=False):
    raw: str


class _Entry(msgspec.Struct, gc=False):
    split: str
    filename: str
    sentences: msgspec.Raw
    filepath: str | None = None
    cocoid: int | None = None
    imgid: int | None = None


class _File(msgspec.Struct):
    images: list[_Entry]


SENTENCES = msgspec.json.Decoder(list[_Sentence])


def read_karpathy(path: Path, *, splits: Collection[str], id_kind: IdKind = "number") -> list[KarpathyImage]:
    """Read the images of some splits, in file order; opens no image.

    Every entry's id and split are checked, and everything of the entries asked for. The captions of other splits are
    passed over without being built, so that 5,000 images out of COCO's 123,287 take a second and little memory.

    Args:
        path: The file.
        splits: The splits to return; none for all.
        id_kind: What identifies an image.

    Returns:
        At least one image.

    Raises:
        CorruptDataError: The file is truncated, not UTF-8 or of another shape, has no image of these splits, repeats
            an id, or has an image without captions, with an empty one or with a path that leaves the data's folder;
            the image and the key are named.
    """
    found: list[KarpathyImage] = []
    seen: dict[str, int] = {}
    others: set[str] = set()
    for number, entry in enumerate(FORM.read(path, _File).images):
        try:
            id_ = _id_of(entry, id_kind)
            if seen.setdefault(id_, number) != number:
                raise WrongEntryError(f"has the id of images[{seen[id_]}]")  # noqa: TRY301  one place names the image
            if not splits or entry.split in splits:
                found.append(_image(entry, id_))
            else:
                others.add(entry.split)
        except WrongEntryError as error:
            raise FORM.error(path, f"images[{number}]{FORM.describe(entry)} {error}") from None
    if not found:
        present = ", ".join(sorted(others)) or "no images at all"
        wanted = f" of split {' or '.join(splits)}" if splits else ""
        raise FORM.error(path, f"it has no image{wanted}, only {present}")
    return found


def read_karpathy_splits(path: Path) -> Mapping[str, list[str]]:
    """The splits of every image file, by its path as the file gives it; more than one is a leak.

    Raises:
        CorruptDataError: The file is not a sound Karpathy split file.
    """
    splits: dict[str, list[str]] = defaultdict(list)
    for entry in FORM.read(path, _File).images:
        splits[f"{entry.filepath}/{entry.filename}" if entry.filepath else entry.filename].append(entry.split)
    return splits


def _image(entry: _Entry, id_: str) -> KarpathyImage:
    """One checked image."""
    if entry.filepath:
        check_relative_path(entry.filepath, "filepath")
    check_relative_path(entry.filename, "filename")
    captions = tuple(
        check_caption(sentence.raw, f"sentences[{number}].raw") for number, sentence in enumerate(_sentences(entry))
    )
    return KarpathyImage(id_, entry.split, entry.filepath or "", entry.filename, captions)


def _sentences(entry: _Entry) -> list[_Sentence]:
    """The captions of one image."""
    try:
        sentences = SENTENCES.decode(entry.sentences)
    except (msgspec.DecodeError, RecursionError) as error:
        raise WrongEntryError(f"has wrong captions: {str(error).replace('$', 'sentences')}") from None
    if not sentences:
        raise WrongEntryError("has no captions under key 'sentences'")
    return sentences


def _id_of(entry: _Entry, kind: IdKind) -> str:
    """The id of one image."""
    if kind == "stem":
        return PurePosixPath(entry.filename).stem
    number = entry.imgid if entry.cocoid is None else entry.cocoid
    if number is None:
        raise WrongEntryError("has neither 'cocoid' nor 'imgid'")
    return str(number)
