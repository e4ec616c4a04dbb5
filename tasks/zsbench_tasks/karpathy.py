"""Parser of the Karpathy split files (``dataset_coco.json`` and its siblings).

Source: Karpathy and Fei-Fei, CVPR 2015, arXiv 1412.2306; the splits' file format.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from zsbench.errors import CorruptDataError

__all__ = ["KarpathyImage", "read_karpathy"]


@dataclass(frozen=True, slots=True)
class KarpathyImage:
    """One image of a split.

    Attributes:
        id: ``cocoid``, or ``imgid`` where there is none.
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


class _WrongEntryError(Exception):
    """What is wrong with one image, in a few words."""


def read_karpathy(path: Path, *, splits: Collection[str]) -> list[KarpathyImage]:
    """Read the images of some splits, in file order; opens no image.

    Every entry's id and split are checked, and everything of the entries asked for. The whole file is parsed: a few
    seconds for the 123,287 images of COCO.

    Args:
        path: The file.
        splits: The splits to return.

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
    for number, entry in enumerate(_read_entries(path)):
        try:
            id_, split = _id_of(entry), _text(entry, "split")
            if seen.setdefault(id_, number) != number:
                raise _WrongEntryError(f"has the id of images[{seen[id_]}]")  # noqa: TRY301  one place names the image
            if split in splits:
                found.append(_image(entry, id_, split))
            else:
                others.add(split)
        except _WrongEntryError as error:
            raise _corrupt(path, f"{_name_of(entry, number)} {error}") from None
    if not found:
        present = ", ".join(sorted(others)) or "no images at all"
        raise _corrupt(path, f"it has no image of split {' or '.join(splits)}, only {present}")
    return found


def _read_entries(path: Path) -> list[Any]:
    """The list under ``images``, tokens left out, entries unchecked."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise _corrupt(path, f"it cannot be read, {error.strerror}") from error
    try:
        data = _parse(content.decode("utf-8-sig"), path)
    except UnicodeDecodeError as error:
        raise _corrupt(path, _tell_bad_bytes(content, error)) from None
    if not isinstance(data, dict) or not isinstance(data.get("images"), list):
        raise _corrupt(path, "it has no list under the key 'images'")
    entries: list[Any] = data["images"]
    return entries


def _parse(text: str, path: Path) -> object:
    """The JSON value in a text; nobody needs the ``tokens``, which are most of the memory."""
    try:
        return json.loads(text, object_hook=_without_tokens)
    except json.JSONDecodeError as error:
        truncated = error.pos >= len(text.rstrip()) or error.msg.startswith("Unterminated string")
        what = "it ends in the middle of its JSON" if truncated else f"it is not JSON, {error.msg}"
        raise _corrupt(path, f"{what} (line {error.lineno}, column {error.colno})") from None
    except (ValueError, RecursionError) as error:
        raise _corrupt(path, f"it is not readable JSON: {error}") from None


def _without_tokens(value: dict[str, Any]) -> dict[str, Any]:
    """A JSON object, its ``tokens`` dropped as soon as it is complete."""
    value.pop("tokens", None)
    return value


def _tell_bad_bytes(content: bytes, error: UnicodeDecodeError) -> str:
    """Where the bytes stop being UTF-8, with the image if the rest can be read."""
    where = f"byte {error.start} is not UTF-8"
    try:
        data = json.loads(content.decode("utf-8-sig", "surrogateescape"))
        entries = data["images"]
        number = next(i for i, entry in enumerate(entries) if not _is_unicode(json.dumps(entry, ensure_ascii=False)))
    except (ValueError, RecursionError, LookupError, TypeError, StopIteration):
        return where
    return f"{where}, in {_name_of(entries[number], number)}"


def _image(entry: Mapping[str, Any], id_: str, split: str) -> KarpathyImage:
    """One checked image."""
    folder = _text(entry, "filepath") if entry.get("filepath") else ""
    filename = _text(entry, "filename")
    if folder:
        _check_path(folder, "filepath")
    _check_path(filename, "filename")
    return KarpathyImage(id_, split, folder, filename, _captions(entry))


def _captions(entry: Mapping[str, Any]) -> tuple[str, ...]:
    """The captions of one image."""
    sentences = entry.get("sentences")
    if not isinstance(sentences, list) or not sentences:
        raise _WrongEntryError("has no list of captions under key 'sentences'")
    captions = []
    for number, sentence in enumerate(sentences):
        raw = sentence.get("raw") if isinstance(sentence, dict) else None
        if not isinstance(raw, str):
            raise _WrongEntryError(f"has no text under key 'sentences[{number}].raw'")
        caption = raw.strip()
        if not caption:
            raise _WrongEntryError(f"has an empty caption under key 'sentences[{number}].raw'")
        if not _is_unicode(caption):
            raise _WrongEntryError(f"has half a character (a lone surrogate) under key 'sentences[{number}].raw'")
        captions.append(caption)
    return tuple(captions)


def _id_of(entry: object) -> str:
    """The id of one image: ``cocoid``, else ``imgid``."""
    if not isinstance(entry, dict):
        raise _WrongEntryError("is not an object")
    key = "cocoid" if "cocoid" in entry else "imgid"
    if type(entry.get(key)) is not int:
        raise _WrongEntryError(f"has no whole number under key {key!r}")
    return str(entry[key])


def _text(entry: Mapping[str, Any], key: str) -> str:
    """A text of one image."""
    value = entry.get(key)
    if not isinstance(value, str):
        raise _WrongEntryError(f"has no text under key {key!r}")
    return value


def _check_path(path: str, key: str) -> None:
    """Refuse a path that is absolute, climbs, or means something else on another system."""
    strange = any(sign in path for sign in "\\:\0") or not _is_unicode(path)
    if strange or any(part in {"", ".", ".."} for part in path.split("/")):
        raise _WrongEntryError(f"has no path inside the data's folder under key {key!r}: {path!r}")


def _is_unicode(text: str) -> bool:
    """Whether a text can be written as UTF-8."""
    return text.isascii() or not any("\ud800" <= sign <= "\udfff" for sign in text)


def _name_of(entry: object, number: int) -> str:
    """How a message names an image: by place, and by id where it has one."""
    ids = [f"{key} {entry[key]}" for key in ("cocoid", "imgid") if key in entry] if isinstance(entry, dict) else []
    return f"images[{number}] ({ids[0]})" if ids else f"images[{number}]"


def _corrupt(path: Path, what: str) -> CorruptDataError:
    """The error of a file that is not a Karpathy split file."""
    return CorruptDataError(
        f"{str(path)!r} is not a sound Karpathy split file: {what}.",
        "Each of its images has the keys filename, split, imgid or cocoid, and sentences, each with a raw caption.",
        "Get the file again, or correct that entry.",
        path=path,
    )
