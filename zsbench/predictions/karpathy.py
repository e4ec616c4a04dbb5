"""The forms around the Karpathy splits: MAGIC's output, and the split file itself.

Source: the outputs that MAGIC, MeaCap and MacCap write; Karpathy and Fei-Fei 2015 for the splits.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from zsbench.predictions.rows import Form, Row, captions_under, corrupt, id_under, text_under
from zsbench.predictions.streams import iter_array

__all__ = ["KARPATHY", "SPLITS", "SPLIT_FILE"]

SPLITS = ("train", "restval", "val", "test")


def iter_rows(path: Path) -> Iterator[Row]:
    """The rows of ``[{"split", "image_name", "captions": [...], "prediction": "a dog"}, ...]``."""
    for number, entry in iter_array(path):
        where = f"entry {number}"
        id_ = id_under(path, entry, "image_name", where)
        prediction = text_under(path, entry, "prediction", where) if "prediction" in entry else None
        yield Row(id_, prediction, captions_under(path, entry, "captions", where), entry, id_)


def iter_split_file(path: Path) -> Iterator[Row]:
    """The rows of ``{"images": [{"filename", "split", "cocoid", "sentences": [{"raw": "a dog"}]}]}``, all splits."""
    for number, entry in iter_array(path, "images"):
        where = f"images[{number}]"
        id_ = id_under(path, entry, "cocoid" if "cocoid" in entry else "imgid", where)
        sentences = entry.get("sentences")
        if not isinstance(sentences, list) or not all(isinstance(sentence, dict) for sentence in sentences):
            raise corrupt(path, f"{where} has no list of sentences", "sentences, each with a raw caption")
        texts = tuple(text_under(path, sentence, "raw", where) for sentence in sentences)
        name = id_under(path, entry, "filename", where)
        yield Row(id_, references=texts, fields=entry, name=name)


def _is_magic(entry: Mapping[str, Any]) -> bool:
    """Whether an entry names its image and holds captions, and its split is one of Karpathy's."""
    named = "image_name" in entry and "captions" in entry
    return named and ("file_path" in entry or entry.get("split", "test") in SPLITS)


KARPATHY = Form(
    id="karpathy",
    summary='[{"image_name": "42.jpg", "captions": ["a dog"], "prediction": "a dog"}, ...]',
    shape="array",
    accepts=_is_magic,
    iter_rows=iter_rows,
)

SPLIT_FILE = Form(
    id="karpathy-split",
    summary='{"images": [{"filename": "42.jpg", "split": "test", "sentences": [{"raw": "a dog"}]}, ...]}',
    shape="object",
    accepts=lambda entry: "sentences" in entry,
    iter_rows=iter_split_file,
    several_splits=True,
)
