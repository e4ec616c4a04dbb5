"""Records follow the published JSON Schema."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema

import zsbench_fakes
from zsbench.config import read_matrix
from zsbench.plugins import load_plugins
from zsbench.runner.reporter import Silent
from zsbench.runner.session import RunOptions, Session

SCHEMA = json.loads((Path(__file__).parent.parent / "docs" / "schema" / "result-1.json").read_text(encoding="utf-8"))


def test_results_of_a_run_are_valid(tmp_path):
    """Finished and failed cells alike, and those whose baseline's cell failed."""
    overrides = {"captioners": ["fake", "nearest", "broken"], "baseline": "broken"}
    matrix = read_matrix(zsbench_fakes.matrix_file(), overrides)
    options = RunOptions(matrix, tmp_path / "results", tmp_path / "cache")
    result = Session(options, load_plugins([zsbench_fakes.FAKES]), Silent()).run()
    records = [json.loads(path.read_text(encoding="utf-8")) for path in result.folder.glob("cells/*/result.json")]
    assert {record["status"] for record in records} == {"done", "failed"}
    assert sum("comparison_failed" in record for record in records) == 2
    for record in records:
        jsonschema.validate(record, SCHEMA)
