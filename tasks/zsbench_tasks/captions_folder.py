"""Any folder of images with a file of captions as a task, through settings alone.

``coco-captions`` reads a ``captions_*.json`` of COCO, ``captions-folder`` a file in any of four forms.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from zsbench.errors import MissingDataError
from zsbench.interfaces import Frozen, RequiredFile, Task
from zsbench_tasks.captioning import CaptionedImage, CaptioningTask
from zsbench_tasks.coco_captions import read_coco_captions
from zsbench_tasks.karpathy import read_karpathy
from zsbench_tasks.reading import FileForm, WrongEntryError, check_caption, check_relative_path, is_unicode
from zsbench_tasks.rows import Row, iter_csv, iter_jsonl

__all__ = ["CaptionsFolderConfig", "CocoCaptionsConfig", "captions_folder", "coco_captions"]

Form = Literal["auto", "coco", "karpathy", "csv", "jsonl"]

ROWS = FileForm(
    "caption file of rows",
    "Each row names an image file below the image folder and has a caption, or in JSONL a list of captions.",
    "Correct that row, or name the columns: `task_settings: {captions-folder: {image_key: ..., caption_key: ...}}`.",
)
IMAGE_KEYS = ("image", "file_name", "image_name", "filename", "file")
CAPTION_KEYS = ("captions", "caption", "text", "comment")
PEEKED = 65_536
"""Bytes of a JSON file that tell its form."""


class CocoCaptionsConfig(Frozen):
    """Which caption file of COCO, and where its images lie."""

    captions: str = Field(description="the file, such as captions_val2017.json: a name, or a path from the data root")
    images: str = Field(
        default="", description="the image folder, a path from the data root; none: what follows captions_ in the name"
    )


class CaptionsFolderConfig(Frozen):
    """Which captions, which images, and how to read the file."""

    captions: str = Field(description="the file of captions: a path, from the data root unless it is absolute")
    images: str = Field(
        default="", description="the image folder, a path from the data root; none: the folder of the captions"
    )
    format: Form = Field(default="auto", description="coco, karpathy, csv, jsonl; auto: by suffix and content")
    split: str = Field(default="", description="in a Karpathy file, the split; none: every image")
    image_key: str = Field(default="", description="column or key of the image; none: one of the usual names")
    caption_key: str = Field(default="", description="column or key of the caption; none: one of the usual names")


def coco_captions(data_root: Path, config: CocoCaptionsConfig) -> Task:
    """The task ``coco-captions``; reads nothing yet."""
    stem = Path(config.captions).stem
    images = config.images or stem.removeprefix("captions_")
    folders = (data_root, data_root / "coco", data_root / "annotations", data_root / "coco" / "annotations")
    source = FolderSource(
        captions=tuple(folder / config.captions for folder in folders),
        images=tuple(folder / images for folder in folders[:2]),
        config=CaptionsFolderConfig(captions=config.captions, format="coco"),
    )
    return CaptioningTask("coco-captions", source)


def captions_folder(data_root: Path, config: CaptionsFolderConfig) -> Task:
    """The task ``captions-folder``; reads nothing yet."""
    captions = data_root / config.captions
    images = data_root / config.images if config.images else captions.parent
    return CaptioningTask("captions-folder", FolderSource((captions,), (images,), config))


@dataclass(frozen=True)
class FolderSource:
    """A file of captions and a folder of images.

    Attributes:
        captions: Where the file may lie; the first place that is there wins.
        images: Where the image folder may lie, likewise.
        config: How to read the file.
    """

    captions: tuple[Path, ...]
    images: tuple[Path, ...]
    config: CaptionsFolderConfig

    def load_images(self) -> Sequence[CaptionedImage]:
        """Every image, in file order.

        Raises:
            MissingDataError: There is no file of captions.
            CorruptDataError: It is not what its form says.
        """
        path = next((place for place in self.captions if place.is_file()), None)
        if path is None:
            raise MissingDataError(
                f"There is no {str(self.captions[0])!r}.",
                "The setting `captions` names a file by its path from the data root, or by an absolute path.",
                "Correct the setting or the data root.",
                path=self.captions[0],
            )
        folder = next((place for place in self.images if place.is_dir()), self.images[0])
        form = detect_form(path) if self.config.format == "auto" else self.config.format
        if form == "coco":
            return list(_read_coco(path, folder))
        if form == "karpathy":
            return list(_read_karpathy(path, folder, self.config.split))
        rows = iter_csv(path, ROWS, _delimiter_of(path)) if form == "csv" else iter_jsonl(path, ROWS)
        return list(self._read_rows(path, folder, rows))

    def required_files(self) -> Sequence[RequiredFile]:
        """The file and the folder."""
        return [
            RequiredFile(self.config.captions, self.captions),
            RequiredFile(f"{self.images[0].name}/", self.images),
        ]

    def iter_problems(self) -> Iterator[str]:
        """Nothing beside what reading refuses."""
        yield from ()

    def _read_rows(self, path: Path, folder: Path, rows: Iterator[Row]) -> Iterator[CaptionedImage]:
        """The images of a file of rows; an image may have several rows, and is called by its name in the file."""
        captions: dict[str, list[str]] = {}
        for number, row in rows:
            try:
                image, texts = self._read_row(row)
                captions.setdefault(image, []).extend(texts)
            except WrongEntryError as error:
                raise ROWS.error(path, f"line {number} {error}") from None
        if not captions:
            raise ROWS.error(path, "it has no rows")
        for image, texts in captions.items():
            yield CaptionedImage(image, folder / image, tuple(texts))

    def _read_row(self, row: Mapping[str, Any] | str) -> tuple[str, list[str]]:
        """The image and the captions of one row."""
        if isinstance(row, str):
            raise WrongEntryError("has no keys")
        image_key, image = _pick(row, self.config.image_key, IMAGE_KEYS)
        key, value = _pick(row, self.config.caption_key, CAPTION_KEYS)
        texts = value if isinstance(value, list) else [value]
        if not isinstance(image, str):
            raise WrongEntryError(f"has no text under key {image_key!r}")
        if not texts or not all(isinstance(text, str) and is_unicode(text) for text in texts):
            raise WrongEntryError(f"has no caption in UTF-8 under key {key!r}")
        return check_relative_path(image, image_key), [check_caption(text, key) for text in texts]


def detect_form(path: Path) -> Form:
    """The form of a file of captions, by its suffix and, for JSON, its first entries.

    Raises:
        CorruptDataError: It is none of the forms that are read.
    """
    suffix = path.suffix.lower()
    if suffix in {".csv", ".tsv"}:
        return "csv"
    if suffix == ".jsonl":
        return "jsonl"
    if suffix == ".json":
        with path.open("rb") as file:
            head = file.read(PEEKED)
        return "karpathy" if b'"sentences"' in head and b'"filename"' in head else "coco"
    raise ROWS.error(path, f"its suffix {suffix!r} is none of .json, .jsonl, .csv and .tsv; set `format`")


def _read_coco(path: Path, folder: Path) -> Iterator[CaptionedImage]:
    """The images of a caption file in COCO's form."""
    for image in read_coco_captions(path):
        yield CaptionedImage(image.id, folder / image.file_name, image.captions)


def _read_karpathy(path: Path, folder: Path, split: str) -> Iterator[CaptionedImage]:
    """The images of a Karpathy file, of one split or of all."""
    for image in read_karpathy(path, splits=(split,) if split else ()):
        yield CaptionedImage(image.id, folder / image.folder / image.filename, image.captions)


def _delimiter_of(path: Path) -> str:
    """What separates the columns of a table."""
    return "\t" if path.suffix.lower() == ".tsv" else ","


def _pick(row: Mapping[str, Any], key: str, usual: tuple[str, ...]) -> tuple[str, Any]:
    """The value under a key, or under the first of the usual ones that is there."""
    found = next((name for name in ((key,) if key else usual) if name in row), None)
    if found is None:
        raise WrongEntryError(f"has no key {key!r}" if key else f"has none of the keys {', '.join(usual)}")
    return found, row[found]
