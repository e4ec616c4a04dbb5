"""The command line: what it prints, where, and with which exit code."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.metadata import EntryPoint

import pytest
from typer.testing import CliRunner

import zsbench_fakes
from zsbench import cli
from zsbench.cli.app import app
from zsbench.errors import UnknownIdError
from zsbench.plugins import load_plugins

HEAVY = ("torch", "open_clip", "transformers", "matplotlib", "pycocoevalcap", "pandas", "numpy")


@pytest.fixture
def zsbench(monkeypatch, tmp_path):
    """Run the command on the fakes; the runner's result."""
    for module in ("run", "list", "plugins", "validate"):
        monkeypatch.setattr(f"zsbench.cli.{module}.load_plugins", lambda: load_plugins([zsbench_fakes.FAKES]))
    monkeypatch.setenv("ZSBENCH_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)

    def _zsbench(*arguments):
        return CliRunner().invoke(app, list(arguments))

    return _zsbench


def test_run_prints_the_table_and_where_the_records_are(zsbench, tmp_path):
    """Without a matrix the default one runs."""
    result = zsbench("run")
    assert result.exit_code == 0
    assert "| fake " in result.stdout
    assert "Records: results/" in result.stdout
    assert (tmp_path / "results" / "latest" / "run.json").exists()


def test_run_json_is_one_document_with_every_score(zsbench, tmp_path):
    """Standard output is JSON and nothing else."""
    document = json.loads(zsbench("run", "--json").stdout)
    assert (tmp_path / document["run"] / "run.json").exists()
    assert [cell["captioner"] for cell in document["cells"]] == ["fake", "fake-one", "nearest"]
    assert all(metric["score"] is not None for cell in document["cells"] for metric in cell["metrics"])
    assert document["all_cached"] is False


def test_a_second_run_says_that_all_stages_were_cached(zsbench):
    """In words and in JSON."""
    zsbench("run")
    assert "stages were cached" in zsbench("run").stdout
    assert json.loads(zsbench("run", "--json").stdout)["all_cached"] is True


def test_dry_run_prints_the_plan_and_makes_nothing(zsbench, tmp_path):
    """Cells, stages and their states; no results folder."""
    result = zsbench("run", "--dry-run")
    assert result.exit_code == 0
    assert "3 cells" in result.stdout
    assert "to make" in result.stdout
    assert not (tmp_path / "results").exists()
    stages = json.loads(zsbench("run", "--dry-run", "--json").stdout)["stages"]
    assert {stage["state"] for stage in stages} == {"missing"}


def test_flags_stand_over_the_matrix(zsbench):
    """Captioners, seeds, limit and --set reach the run."""
    result = zsbench(
        "run", "--json", "-c", "fake", "--seeds", "1,2", "-L", "4", "--set", "fake.inference.candidates=3", "-b", "2"
    )
    cells = json.loads(result.stdout)["cells"]
    assert [(cell["seed"], cell["n"]) for cell in cells] == [(1, 4), (2, 4)]


def test_a_baseline_left_out_is_replaced_by_the_first_captioner(zsbench):
    """--captioners without the baseline still compares."""
    cells = json.loads(zsbench("run", "--json", "-c", "nearest,fake").stdout)["cells"]
    assert cells[0]["differences"]
    cells = json.loads(zsbench("run", "--json", "-c", "nearest,fake-one").stdout)["cells"]
    assert cells[1]["differences"][0]["baseline"] == "nearest"


def test_failed_cells_exit_with_four(zsbench):
    """The others are in the table, the failure is named."""
    result = zsbench("run", "-c", "nearest,broken")
    assert result.exit_code == 4
    assert "FAILED broken" in result.stdout
    assert "| nearest" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["run", "-c", "nerest"], "Did you mean 'nearest'"),
        (["run", "-t", "fake-tsk"], "Did you mean 'fake-task'"),
        (["run", "fake-matrx"], "Did you mean 'fake-matrix'"),
        (["run", "nowhere.yaml"], "no matrix file"),
        (["run", "--seeds", "one"], "whole numbers"),
        (["run", "--set", "captionrs=[a]"], "Did you mean 'captioners'"),
        (["run", "--set", "fake.inference.candidate=1"], "Did you mean 'candidates'"),
        (["run", "--data-root", "nowhere"], "no folder 'nowhere'"),
        (["ls", "captioner"], "Did you mean 'captioners'"),
        (["validate", "--data-root", "nowhere"], "no folder 'nowhere'"),
    ],
)
def test_wrong_input_is_three_sentences_and_exit_code_two(zsbench, monkeypatch, capsys, arguments, message):
    """No traceback, the closest word, the usage exit code."""
    monkeypatch.setattr(sys, "argv", ["zsbench", *arguments])
    with pytest.raises(SystemExit) as stopped:
        cli.main()
    assert stopped.value.code == 2
    error = capsys.readouterr().err
    assert message in error
    assert "Traceback" not in error


def test_a_run_that_names_what_a_broken_plugin_owns_tells_the_cause(zsbench, monkeypatch):
    """The plugin and its import error stand before the unknown id; other runs go on."""
    gone = EntryPoint("gone", "module_that_is_gone", "zsbench")
    monkeypatch.setattr("zsbench.cli.run.load_plugins", lambda: load_plugins([zsbench_fakes.FAKES, gone]))
    result = zsbench("run", "-c", "captioner-of-gone")
    assert isinstance(result.exception, UnknownIdError)
    assert "plugin 'gone' is failed" in result.stderr
    assert "module_that_is_gone" in result.stderr
    assert zsbench("run", "-c", "nearest").exit_code == 0


def test_validate_prints_one_line_a_matrix(zsbench, tmp_path):
    """Every shipped one by default; nothing is read or written."""
    result = zsbench("validate")
    assert result.exit_code == 0
    assert result.stdout == "ok     fake-matrix  3 captioners, 1 corpus, 1 task, 1 seed: 3 cells\n"
    assert not (tmp_path / "results").exists()


def test_validate_lists_every_problem_and_exits_with_two(zsbench, tmp_path):
    """Of every matrix that is named, files and ids alike."""
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text(zsbench_fakes.matrix_file().read_text(encoding="utf-8").replace("fake-task", "fake-tsk, fake-t"))
    result = zsbench("validate", "fake-matrix", str(wrong), "nowhere.yaml")
    assert result.exit_code == 2
    lines = result.stdout.splitlines()
    assert [line.split()[0] for line in lines if not line.startswith("    ")] == ["ok", "wrong", "wrong"]
    assert "2 problems" in lines[1]
    assert sum("Did you mean 'fake-task'?" in line for line in lines) == 2
    assert "no matrix file 'nowhere.yaml'" in lines[-1]


def test_validate_json_is_one_document(zsbench, tmp_path):
    """With the three sentences of each problem apart."""
    assert json.loads(zsbench("validate", "--json").stdout) == {
        "matrices": [{"matrix": "fake-matrix", "valid": True, "cells": 3, "problems": []}]
    }
    [row] = json.loads(zsbench("validate", "nowhere.yaml", "--json").stdout)["matrices"]
    assert row["valid"] is False
    assert row["problems"][0]["kind"] == "MissingDataError"


def test_validate_looks_at_data_where_it_is_told_to(zsbench, tmp_path):
    """A folder, or a data root that is written on demand."""
    assert zsbench("validate", "--data-root", "fake-world").exit_code == 0
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / "corpus.txt").write_text("a red picture\n")
    result = zsbench("validate", "--data-root", "texts")
    assert result.exit_code == 2
    assert "images of fake-task are missing" in result.stdout


def test_ls_lists_ids_with_summary_and_plugin(zsbench):
    """One line a component."""
    assert "fake" in zsbench("ls", "captioners").stdout
    listing = json.loads(zsbench("ls", "--json").stdout)
    assert listing["gap-models"][0] == {"id": "fake-mean", "summary": "", "plugin": "fakes"}


def test_plugins_lists_status_and_what_is_provided(zsbench):
    """Also as JSON."""
    assert "active" in zsbench("plugins").stdout
    record = json.loads(zsbench("plugins", "--json").stdout)[0]
    assert (record["name"], record["status"]) == ("fakes", "active")
    assert "captioner fake" in record["provides"]


@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        ["plugins"],
        ["ls"],
        ["run", "--help"],
        ["validate", "--help"],
        ["table", "--help"],
        ["cache", "--help"],
        ["data", "--help"],
        ["score", "--help"],
        ["compare", "--help"],
        ["doctor", "--help"],
    ],
)
def test_listing_and_help_import_nothing_heavy(arguments):
    """What only looks starts fast: no torch, no numpy."""
    code = (
        "import sys\nfrom zsbench.cli.app import app\n"
        f"try:\n    app({arguments!r})\nexcept SystemExit:\n    pass\n"
        f"sys.exit(','.join(m for m in {HEAVY!r} if m in sys.modules) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stderr == ""
    assert done.returncode == 0


def test_run_profile_says_where_time_went(zsbench, tmp_path):
    """Below the table, and as a document in the run's folder; a run that made nothing says that."""
    printed = zsbench("run", "--profile").stdout
    assert "Profile: plan " in printed
    assert "predict (3)" in printed
    profile = json.loads((tmp_path / "results" / "latest" / "profile.json").read_text(encoding="utf-8"))
    assert profile["totals"]["predict"]["stages"] == 3
    assert "Nothing was made, so there is nothing to profile." in zsbench("run", "--profile").stdout


def test_run_says_what_sharing_saved(zsbench):
    """Stages and time, in words and in JSON."""
    assert "sharing saved 7 more, about 0 s of work." in zsbench("run").stdout
    assert json.loads(zsbench("run", "--json").stdout)["shared_seconds"] >= 0
