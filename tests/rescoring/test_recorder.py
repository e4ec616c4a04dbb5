"""Records of a scored file: those that a run leaves."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from zsbench.errors import MissingDataError
from zsbench.records import Sample, read_results, read_run, read_samples, read_statistics
from zsbench.rescoring import write_scored
from zsbench.rescoring.recorder import system_name

SCHEMA = json.loads((Path(__file__).parents[2] / "docs" / "schema" / "result-2.json").read_text(encoding="utf-8"))


def test_records_are_those_of_a_run(score, plugins, tmp_path):
    """Result by the published schema, samples, statistics and table; the source is the form."""
    run = write_scored(score(), tmp_path / "results", plugins)
    (result,) = read_results(run)
    jsonschema.validate(json.loads((run / "cells" / result.name / "result.json").read_text("utf-8")), SCHEMA)
    assert (result.source, result.cell.captioner, result.n) == ("knight", "said", 3)
    assert read_samples(run, result.name)[1] == Sample(
        id="b", prediction="two cats", metrics={"exact": 0.0, "words": 2.0}
    )
    assert read_statistics(run, result.name)["exact"].tolist() == [[1.0], [0.0], [1.0]]
    assert "| said" in (run / "tables" / "comparison.md").read_text(encoding="utf-8")
    assert (tmp_path / "results" / "latest").resolve() == run.resolve()


def test_run_record_names_file_form_and_references(score, plugins, tmp_path):
    """With the hash of the file and what was used of each plugin."""
    run = read_run(write_scored(score(), tmp_path / "results", plugins, name="mine"))
    told = run.scored_file
    assert (told.file, told.form, told.references, told.references_form) == (
        "said.json",
        "knight",
        "refs.json",
        "simple",
    )
    assert run.cells == ("mine__refs",)
    assert run.provenance.plugins[0].used == ("metric exact", "metric words")


def test_labels_are_in_the_record(score, plugins, tmp_path):
    """A partial score says so wherever it is read."""
    run = write_scored(score({"a": "a dog"}, allow_partial=True), tmp_path / "results", plugins)
    assert read_results(run)[0].labels == ("partial: 1 of 3 examples are predicted",)


def test_groups_are_recorded_with_their_rows(score, plugins, tmp_path, write):
    """A subset field is a grouping of the table, and samples tell their group."""
    entries = [{"split": s, "image_id": s, "caption": ["x"], "prediction": "x"} for s in ("near_domain", "out_domain")]
    scored = score(write("viecap.json", entries), None, subset_field="split", metrics=("exact",))
    run = write_scored(scored, tmp_path / "results", plugins)
    (result,) = read_results(run)
    assert result.groupings == ("split",)
    assert [row.group for row in result.metrics] == [None, "near_domain", "out_domain"]
    assert read_samples(run, result.name)[0].groups == {"split": "near_domain"}
    assert read_statistics(run, result.name)["exact@split=out_domain"].tolist() == [[1.0]]


def test_results_folder_that_cannot_be_written_is_an_error_of_the_tree(score, plugins, tmp_path):
    """The place and the remedy are named."""
    (tmp_path / "results").write_text("a file", encoding="utf-8")
    with pytest.raises(MissingDataError, match="--output DIR"):
        write_scored(score(), tmp_path / "results", plugins)


@pytest.mark.parametrize(
    ("name", "expected"), [("my preds (1).json", "my-preds-1"), ("...", "predictions"), ("ü.csv", "ü")]
)
def test_system_is_called_after_its_file(name, expected):
    """Nothing in a name can leave the results folder."""
    assert system_name(Path(name)) == expected
