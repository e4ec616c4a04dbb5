"""Images and captions of one split of a Karpathy file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from zsbench.interfaces import RequiredFile
from zsbench_tasks.captioning import CaptionedImage
from zsbench_tasks.files import DataFile, find_folder, locate_file
from zsbench_tasks.karpathy import IdKind, read_karpathy, read_karpathy_splits

__all__ = ["KarpathySource"]


@dataclass(frozen=True)
class KarpathySource:
    """One split of a Karpathy file.

    Attributes:
        data_root: The folder of the data.
        file: The split file.
        split: The split.
        image_folders: Names of the folder of images that the file gives no folder; the first that is there wins.
        id_kind: What identifies an image.
    """

    data_root: Path
    file: DataFile
    split: str
    image_folders: tuple[str, ...]
    id_kind: IdKind = "number"

    def load_images(self) -> Sequence[CaptionedImage]:
        """The images of the split, in file order."""
        path = locate_file(self.data_root, self.file)
        images = read_karpathy(path, splits=(self.split,), id_kind=self.id_kind)
        own = find_folder(path.parent, self.image_folders)
        return [
            CaptionedImage(
                image.id, (path.parent / image.folder if image.folder else own) / image.filename, image.captions
            )
            for image in images
        ]

    def required_files(self) -> Sequence[RequiredFile]:
        """The split file and the image folder beside it."""
        file = self.file.required(self.data_root)
        parents = [place.parent for place in file.places]
        places = tuple(parent / name for parent in parents for name in self.image_folders)
        return [file, RequiredFile(f"{self.image_folders[0]}/", places)]

    def iter_problems(self) -> Iterator[str]:
        """Images of this split whose file stands in another split as well, or twice in this one."""
        for name, splits in read_karpathy_splits(locate_file(self.data_root, self.file)).items():
            if self.split in splits and len(splits) > 1:
                yield f"The image {name} stands in several splits: {', '.join(splits)}."
