"""Finding a data set under the data root."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from zsbench.errors import MissingDataError
from zsbench.interfaces import RequiredFile

__all__ = ["DataFile", "find_folder", "locate_file"]


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

    def required(self, data_root: Path) -> RequiredFile:
        """The file and the two places where it may lie."""
        return RequiredFile(self.name, (data_root / self.name, data_root / self.folder / self.name))


def locate_file(data_root: Path, wanted: DataFile) -> Path:
    """The file directly under the data root or in its own folder there; the first found wins.

    Raises:
        MissingDataError: It is in neither place; the message shows the layout and where the file comes from.
    """
    places = wanted.required(data_root).places
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


def find_folder(parent: Path, names: Sequence[str]) -> Path:
    """The first of some folders that is there; the first name where none is, for messages to show."""
    return next((parent / name for name in names if (parent / name).is_dir()), parent / names[0])
