"""Images, questions and references of a task, for people to look at."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from zsbench.errors import DataError, ZsbenchError
from zsbench.images import read_image
from zsbench.interfaces import Example, Task

__all__ = ["Media", "collect_media"]

_SIDE = 320
_QUALITY = 82


@dataclass(frozen=True)
class Media:
    """What is shown of a task's examples, by id.

    Attributes:
        images: Path of a small JPEG under the site.
        questions: For a question-answering task.
        references: Captions or answers.
        remark: Why there is less than one would wish; empty if all is there.
    """

    images: dict[str, str] = field(default_factory=dict)
    questions: dict[str, str] = field(default_factory=dict)
    references: dict[str, list[str]] = field(default_factory=dict)
    remark: str = ""


def collect_media(open_: Callable[[], Task], ids: Collection[str], site: Path, *, images: bool = True) -> Media:
    """Write small copies of images and collect texts.

    Args:
        open_: Opens the task; may fail where its data are not on this machine.
        ids: Examples that are shown.
        site: Where pages go; images go to ``images`` in it.
        images: Whether to write images.
    """
    try:
        task = open_()
        examples = [example for example in task.examples() if example.id in ids]
        references = {id_: list(texts) for id_, texts in task.references().items() if id_ in ids}
    except ZsbenchError as error:
        return Media(remark=f"Images and references are not shown: {error}")
    media = Media(references=references)
    media.questions.update({example.id: example.question for example in examples if example.question})
    lost = 0
    written: dict[Path, str] = {}
    for example in examples if images else ():
        if (place := written.get(example.image) or _write_image(example, site)) is None:
            lost += 1
            continue
        written[example.image] = place
        media.images[example.id] = place
    remark = f"{lost} images could not be read and are not shown." if lost else ""
    return Media(media.images, media.questions, media.references, remark)


def _write_image(example: Example, site: Path) -> str | None:
    """A small JPEG under a name that only depends on the file's path; None if the image cannot be read."""
    place = f"images/{sha256(str(example.image).encode('utf-8', 'replace')).hexdigest()[:20]}.jpg"
    target = site / place
    try:
        image = read_image(example.image, id=example.id)
    except DataError:
        return None
    image.thumbnail((_SIDE, _SIDE))
    target.parent.mkdir(parents=True, exist_ok=True)
    image.save(target, "JPEG", quality=_QUALITY)
    return place
