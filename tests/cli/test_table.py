"""``zsbench table``: what it prints, writes and refuses."""

from __future__ import annotations

import json
import shutil
import sys
from types import SimpleNamespace

import pytest
from typer.testing import CliRunner

import zsbench_fakes
from zsbench import cli
from zsbench.cli.app import app
from zsbench.plugins import load_plugins
from zsbench.registry import Registry

TASKS = "fake-task,fake-grouped"


@pytest.fixture
def zsbench(monkeypatch, tmp_path):
    """Run the command on the fakes; the runner's result."""
    for module in ("run", "table"):
        monkeypatch.setattr(f"zsbench.cli.{module}.load_plugins", lambda: load_plugins([zsbench_fakes.FAKES]))
    monkeypatch.setenv("ZSBENCH_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)

    def _zsbench(*arguments):
        return CliRunner().invoke(app, list(arguments))

    return _zsbench


def test_a_run_ends_with_what_table_prints(zsbench, tmp_path, monkeypatch):
    """Also when everything but the records is gone, and no plugin is installed."""
    printed = zsbench("run", "-t", TASKS).stdout
    shutil.rmtree(tmp_path / "cache")
    shutil.rmtree(tmp_path / "results" / "latest" / "tables")
    monkeypatch.setattr("zsbench.cli.table.load_plugins", lambda: SimpleNamespace(registry=Registry()))
    table = zsbench("table", "results/latest").stdout
    assert table.startswith("## Overview")
    assert printed.endswith("\n\n" + table)


def test_the_files_of_a_run_are_what_table_writes(zsbench, tmp_path):
    """Byte for byte, in every format."""
    zsbench("run", "-t", TASKS)
    tables = tmp_path / "results" / "latest" / "tables"
    for name, format_, *more in (("md", "md", "--detail", "full"), ("tex", "latex"), ("html", "html"), ("csv", "csv")):
        done = zsbench("table", "results/latest", "--format", format_, *more, "-o", f"out.{name}")
        assert done.exit_code == 0, done.output
        assert (tmp_path / f"out.{name}").read_bytes() == (tables / f"comparison.{name}").read_bytes()


def test_filters_axes_and_intervals_are_passed_on(zsbench):
    """One table of one metric, captioners across."""
    zsbench("run", "-t", TASKS)
    text = zsbench(
        "table", "results/latest", "--rows", "task,group", "--columns", "captioner", "-c", "fake,nearest", "--interval"
    ).stdout
    headings = [heading.strip() for heading in text.splitlines()[2].strip("|").split("|")]
    assert headings == ["Test on", "Group", "Train on", "fake", "nearest"]
    assert "[" in text
    assert "fake-one" not in text


def test_another_baseline_is_compared_from_the_records(zsbench):
    """The remark names it."""
    zsbench("run")
    text = zsbench("table", "results/latest", "--baseline", "nearest", "--detail", "full").stdout
    assert "differs from nearest" in text
    assert "Difference to the baseline" in text


def test_reported_rows_are_shown_beside(zsbench, tmp_path):
    """From a folder of YAML files."""
    zsbench("run")
    metrics = json.loads(next((tmp_path / "results/latest/cells").glob("*/result.json")).read_text("utf-8"))["metrics"]
    row = {"method": "Published", "task": "fake-task", "corpus": "theirs", "table": "Table 9", "run_by": "them"}
    source = {"title": "A Paper", "kind": "paper", "where": "page 1", "read": "2026-11-23"}
    row["scores"] = {metrics[0]["id"]: 61.5}
    (tmp_path / "published").mkdir()
    (tmp_path / "published" / "a.yaml").write_text(json.dumps({"source": source, "rows": [row]}), encoding="utf-8")
    text = zsbench("table", "results/latest", "--reported", "published").stdout
    assert "| Published, reported (" in text
    assert "61.5" in text
    assert "reported in A Paper, Table 9" in text


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nowhere"], "Name a folder that `zsbench run` wrote"),
        (["results/latest", "--rows", "captionr"], "Did you mean 'captioner'"),
        (["results/latest", "--tasks", "fake-tsk"], "Did you mean 'fake-task'"),
        (["results/latest", "--baseline", "nearst"], "Did you mean 'nearest'"),
        (["results/latest", "--reported", "nowhere"], "no folder 'nowhere'"),
        (["results/latest", "-o", "nowhere/table.md"], "mkdir -p nowhere"),
    ],
)
def test_wrong_input_is_three_sentences_and_exit_code_two(zsbench, monkeypatch, capsys, arguments, message):
    """No traceback, the closest word, the usage exit code."""
    zsbench("run")
    monkeypatch.setattr(sys, "argv", ["zsbench", "table", *arguments])
    with pytest.raises(SystemExit) as stopped:
        cli.main()
    assert stopped.value.code == 2
    error = capsys.readouterr().err
    assert message in error
    assert "Traceback" not in error


def test_a_terminal_limits_the_width(zsbench, monkeypatch):
    """Unless somebody says otherwise; a pipe has no limit."""
    zsbench("run", "-t", TASKS)
    whole = zsbench("table", "results/latest").stdout
    monkeypatch.setattr("zsbench.cli.table.screen_width", lambda: 80)
    assert zsbench("table", "results/latest", "--width", "0").stdout == whole
    narrow = zsbench("table", "results/latest").stdout
    assert max(len(line) for line in narrow.splitlines() if line.startswith("|")) <= 80
    assert narrow == zsbench("table", "results/latest", "--width", "80").stdout
