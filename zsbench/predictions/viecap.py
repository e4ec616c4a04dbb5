"""ViECap's output, which IFCap and EntroCap write too.

Source: the validation outputs of ViECap (ICCV 2023).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from zsbench.predictions.rows import Form, Row, captions_under, id_under, text_under
from zsbench.predictions.streams import iter_array

__all__ = ["VIECAP"]


def iter_rows(path: Path) -> Iterator[Row]:
    """The rows of ``[{"split", "image_name" or "image_id", "captions" or "caption": [...], "prediction"}, ...]``."""
    for number, entry in iter_array(path):
        where = f"entry {number}"
        id_ = id_under(path, entry, "image_name" if "image_name" in entry else "image_id", where)
        prediction = text_under(path, entry, "prediction", where) if "prediction" in entry else None
        key = "captions" if "captions" in entry else "caption"
        yield Row(id_, prediction, captions_under(path, entry, key, where), entry, id_)


def _is_viecap(entry: Mapping[str, Any]) -> bool:
    """Whether an entry names its image and holds a list of captions."""
    named = "image_name" in entry or "image_id" in entry
    return named and (isinstance(entry.get("captions"), list) or isinstance(entry.get("caption"), list))


VIECAP = Form(
    id="viecap",
    summary='[{"split": "near_domain", "image_id": "42.jpg", "caption": ["a dog"], "prediction": "a dog"}, ...]',
    shape="array",
    accepts=_is_viecap,
    iter_rows=iter_rows,
)
