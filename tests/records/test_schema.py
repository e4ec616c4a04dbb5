"""Records follow the published JSON Schemas, which are those of the models."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

import zsbench_fakes
from zsbench.config import read_matrix
from zsbench.plugins import load_plugins
from zsbench.records.schema import SCHEMAS, render_schema
from zsbench.runner.reporter import Silent
from zsbench.runner.session import RunOptions, Session

FOLDER = Path(__file__).parents[2] / "docs" / "schema"


@pytest.mark.parametrize("name", SCHEMAS)
def test_the_published_schema_is_that_of_the_model(name):
    """`zsbench records schema docs/schema` writes it."""
    assert (FOLDER / f"{name}-2.json").read_text(encoding="utf-8") == render_schema(name)


def test_records_of_a_run_are_valid(tmp_path):
    """Finished and failed cells alike."""
    matrix = read_matrix(zsbench_fakes.matrix_file(), {"captioners": ["fake", "nearest", "broken"]})
    options = RunOptions(matrix, tmp_path / "results", tmp_path / "cache")
    result = Session(options, load_plugins([zsbench_fakes.FAKES]), Silent()).run()
    documents = [("run", json.loads((result.folder / "run.json").read_text("utf-8")))]
    for path in result.folder.glob("cells/*/result.json"):
        documents.append(("result", json.loads(path.read_text("utf-8"))))
        lines = (path.parent / "samples.jsonl").read_text("utf-8").splitlines()
        documents += [("sample", json.loads(line)) for line in lines]
    assert {document["status"] for kind, document in documents if kind == "result"} == {"done", "failed"}
    for kind, document in documents:
        jsonschema.validate(document, json.loads(render_schema(kind)))
