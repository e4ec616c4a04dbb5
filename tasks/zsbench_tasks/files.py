"""Finding a data set under the data root, and the images that are not there."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from zsbench.errors import MissingDataError
from zsbench.interfaces import Task

__all__ = ["DataFile", "locate_file", "missing_images"]


@dataclass(frozen=True)
class DataFile:
    """One file of a data set.

    Attributes:
        name: Its name, such as ``dataset_coco.json``.
        folder: The folder that may hold it under the data root, such as ``coco``.
        layout: What is expected under the data root, in one line.
        origin: Where it comes from.
    """

    name: str
    folder: str
    layout: str
    origin: str


def locate_file(data_root: Path, wanted: DataFile) -> Path:
    """The file directly under the data root or in its own folder there; the first found wins.

    Raises:
        MissingDataError: It is in neither place; the message shows the layout and where the file comes from.
    """
    places = (data_root / wanted.name, data_root / wanted.folder / wanted.name)
    for place in places:
        if place.is_file():
            return place
    absent = f"nor {str(places[1])!r}" if data_root.is_dir() else f"because {str(data_root)!r} is not a folder"
    raise MissingDataError(
        f"There is no {str(places[0])!r}, {absent}.",
        f"The data root, or its folder {wanted.folder!r}, holds {wanted.layout}.",
        f"Get {wanted.name} from {wanted.origin} and put it there, or name another data root.",
        path=places[0],
    )


def missing_images(task: Task) -> list[str]:
    """Ids of the examples whose image file is not there, in the task's order.

    Lists each folder once and opens no image.

    Raises:
        MissingDataError: A file of the card is not under the data root.
        CorruptDataError: A file is not what it should be.
    """
    present: dict[Path, set[str]] = {}
    missing = []
    for example in task.examples():
        folder = example.image.parent
        if folder not in present:
            present[folder] = _file_names(folder)
        if example.image.name not in present[folder]:
            missing.append(example.id)
    return missing


def _file_names(folder: Path) -> set[str]:
    """Names of the files in a folder; none if there is no such folder."""
    if not folder.is_dir():
        return set()
    with os.scandir(folder) as entries:
        return {entry.name for entry in entries if entry.is_file()}
