"""COCO's forms: a results file, and the file of human captions that NoCaps uses too.

Source: the results format of the COCO caption evaluation.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from zsbench.predictions.rows import Form, Row, id_under, text_under
from zsbench.predictions.streams import iter_array

__all__ = ["CAPTIONS", "RESULTS"]


def iter_results(path: Path) -> Iterator[Row]:
    """The rows of ``[{"image_id": 42, "caption": "a dog"}, ...]``."""
    for number, entry in iter_array(path):
        where = f"entry {number}"
        yield Row(id_under(path, entry, "image_id", where), text_under(path, entry, "caption", where), fields=entry)


def iter_captions(path: Path) -> Iterator[Row]:
    """The rows of ``{"images": [...], "annotations": [...]}``: images in file order, each with all its captions."""
    captions: dict[str, list[str]] = {}
    for number, entry in iter_array(path, "annotations"):
        where = f"annotations[{number}]"
        id_ = id_under(path, entry, "image_id", where)
        captions.setdefault(id_, []).append(text_under(path, entry, "caption", where))
    for number, entry in iter_array(path, "images"):
        id_ = id_under(path, entry, "id", f"images[{number}]")
        name = entry.get("file_name")
        texts = tuple(captions.pop(id_, ()))
        yield Row(id_, references=texts, fields=entry, name=name if isinstance(name, str) else "")
    yield from (Row(id_, references=tuple(texts)) for id_, texts in captions.items())


RESULTS = Form(
    id="coco-results",
    summary='[{"image_id": 42, "caption": "a dog"}, ...]',
    shape="array",
    accepts=lambda entry: "image_id" in entry and isinstance(entry.get("caption", ""), str) and "caption" in entry,
    iter_rows=iter_results,
)

CAPTIONS = Form(
    id="coco-captions",
    summary='{"images": [{"id": 42}], "annotations": [{"image_id": 42, "caption": "a dog"}, ...]}',
    shape="object",
    accepts=lambda entry: "image_id" in entry and "caption" in entry,
    iter_rows=iter_captions,
)
