"""``zsbench gate`` on the command line: exit codes, files, and refusals."""

from __future__ import annotations

import json
from importlib.metadata import EntryPoint
from xml.etree import ElementTree as ET

import pytest
from typer.testing import CliRunner

import zsbench_fakes
from zsbench.cli.app import app
from zsbench.errors import ConfigError, IncomparableError, UnknownIdError
from zsbench.plugins import load_plugins
from zsbench_cells import build_cell, captions_of, scores_of, write_run

assert isinstance(zsbench_fakes.FAKES, EntryPoint)


@pytest.fixture
def gate(monkeypatch, tmp_path):
    """The command in a folder with a baseline of 200 captions."""
    monkeypatch.setattr("zsbench.cli.gate.load_plugins", lambda: load_plugins([zsbench_fakes.FAKES]))
    monkeypatch.chdir(tmp_path)

    def _gate(*arguments):
        return CliRunner().invoke(app, ["gate", *map(str, arguments)])

    write_run(tmp_path / "results", [build_cell(captions_of(200), scores_of(200))])
    assert _gate("--update-baseline").exit_code == 0
    return _gate


def worse(tmp_path, count):
    lost = range(count)
    return write_run(tmp_path / "results", [build_cell(captions_of(200, worse=lost), scores_of(200, worse=lost))])


def test_the_run_that_made_the_baseline_passes(gate):
    """The latest run against results is the default."""
    result = gate()
    assert (result.exit_code, result.stdout.splitlines()[0][:4]) == (0, "PASS")


@pytest.mark.parametrize(("count", "code"), [(6, 1), (1, 3)])
def test_exit_codes_tell_regressions_from_doubts(gate, tmp_path, count, code):
    """Three per cent of the captions, and half a per cent."""
    worse(tmp_path, count)
    result = gate("--metrics", "exact", "--tolerance", "0.3")
    assert (result.exit_code, "Exact" in result.stdout) == (code, True)


def test_files_are_written_for_ci(gate, tmp_path):
    """A comment, JUnit XML and points of a chart; JSON on standard output."""
    worse(tmp_path, 20)
    result = gate("--json", "--markdown", "gate.md", "--junit", "gate.xml", "--benchmark", "gate.json")
    assert json.loads(result.stdout)["exit_code"] == result.exit_code == 1
    assert (tmp_path / "gate.md").read_text().startswith("## ❌ zsbench gate: FAIL")
    assert ET.parse(tmp_path / "gate.xml").getroot().tag == "testsuites"  # noqa: S314  our own file
    assert json.loads((tmp_path / "gate.json").read_text())[0]["unit"] == "points"


def test_a_tolerance_may_be_of_one_metric(gate, tmp_path):
    """Points as they are printed."""
    worse(tmp_path, 6)
    assert gate("--metrics", "exact", "--tolerance", "exact=10").exit_code == 0
    assert gate("--metrics", "exact", "--tolerance", "words=10").exit_code == 1


def test_refusals_are_errors_of_the_tree(gate, tmp_path):
    """The command prints them alone and exits with 2."""
    assert isinstance(gate("--tolerance", "much").exception, ConfigError)
    assert isinstance(gate("--level", "0.9").exception, ConfigError)
    assert isinstance(gate("--allow", "signature").exception, UnknownIdError)
    assert isinstance(gate("--update-baseline", "--revision", "a b").exception, ConfigError)
    write_run(tmp_path / "results", [build_cell(captions_of(200), scores_of(200), config={"other": 1})])
    assert isinstance(gate().exception, IncomparableError)
    assert gate("--allow", "config").exit_code == 0


def test_a_baseline_is_renewed_under_any_revision(gate, tmp_path):
    """Also by the same code; the run then passes."""
    worse(tmp_path, 100)
    assert gate().exit_code == 1
    assert gate("--update-baseline").exit_code == 0
    assert gate().exit_code == 0


def test_a_fault_of_the_gate_itself_is_no_regression(gate, monkeypatch):
    """Python would exit with 1, which says that captions got worse."""
    monkeypatch.setattr("zsbench.gate.judge_run", lambda *_: 1 / 0)
    result = gate()
    assert (result.exit_code, "ZeroDivisionError" in result.stderr) == (2, True)
