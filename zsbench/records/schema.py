"""JSON Schemas of the files of a record, made from the models."""

from __future__ import annotations

import json
from pathlib import Path

from zsbench.files import write_text
from zsbench.records.models import BaselineRecord, CellResult, HistoryRow, RunRecord, Sample
from zsbench.records.record import SCHEMA_VERSION, Record

__all__ = ["SCHEMAS", "render_schema", "write_schemas"]

SCHEMAS: dict[str, type[Record]] = {
    "run": RunRecord,
    "result": CellResult,
    "sample": Sample,
    "baseline": BaselineRecord,
    "history": HistoryRow,
}
"""The model of each file; of ``samples.jsonl`` and ``history.jsonl`` that of a line."""
LINES = {"sample", "history"}


def render_schema(name: str) -> str:
    """A schema as JSON; what is written is complete but for lines, which leave out what says nothing."""
    mode = "validation" if name in LINES else "serialization"
    body = SCHEMAS[name].model_json_schema(mode="validation" if mode == "validation" else "serialization")
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema"}
    title = {"title": f"zsbench {name}, schema version {SCHEMA_VERSION}"}
    return json.dumps({**head, **body, **title}, indent=1, ensure_ascii=False) + "\n"


def write_schemas(folder: Path) -> list[Path]:
    """Write every schema; the files."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name in SCHEMAS:
        written.append(folder / f"{name}-{SCHEMA_VERSION}.json")
        write_text(written[-1], render_schema(name))
    return written
