"""``zsbench data``: what it prints, and with which exit code."""

from __future__ import annotations

import io
import json

import pytest
from typer.testing import CliRunner

import zsbench_fakes
from zsbench.cli.app import app
from zsbench.cli.data import ImageBar
from zsbench.plugins import load_plugins


@pytest.fixture
def data(monkeypatch, tmp_path):
    """Run the command on the fakes; the runner's result."""
    monkeypatch.setattr("zsbench.cli.data.load_plugins", lambda: load_plugins([zsbench_fakes.FAKES]))
    monkeypatch.setenv("ZSBENCH_CACHE", str(tmp_path / "cache"))

    def _data(*arguments):
        return CliRunner().invoke(app, ["data", *map(str, arguments)])

    return _data


@pytest.fixture
def world(tmp_path):
    return zsbench_fakes.write_world(tmp_path)


def test_ls_tells_files_source_and_licence(data, world):
    """For people."""
    lines = data("ls", "--data-root", world).stdout.splitlines()
    assert lines[lines.index("fake-task  (task)  found") + 1 :][:3] == [
        f"  images/  {world / 'images'}",
        "  from: drawn here",
        "  licence: none",
    ]


def test_ls_without_a_data_root_looks_nowhere(data):
    """And says how to look."""
    output = data("ls").stdout
    assert "missing" not in output
    assert "--data-root DIR" in output


def test_ls_json_is_one_document(data, world):
    """With a path for every file that is there."""
    document = json.loads(data("ls", "--data-root", world, "--json").stdout)
    entry = next(entry for entry in document["entries"] if entry["id"] == "fake-task")
    assert document["data_root"] == str(world)
    assert (entry["files"], entry["found"]) == ({"images/": str(world / "images")}, True)


def test_verify_of_sound_data_is_fine(data, world):
    """Exit code 0."""
    result = data("verify", "fake-task", "fake-corpus", "--data-root", world)
    assert result.exit_code == 0
    assert result.stdout.splitlines() == [
        "fake-task: fine (10 examples, 10 images)",
        "fake-corpus: fine (3 texts)",
    ]


def test_verify_lists_problems_and_exits_with_two(data, world):
    """Of all tasks, not of the first alone."""
    (world / "images" / "red.png").write_bytes(b"")
    result = data("verify", "fake-task", "fake-grouped", "--data-root", world)
    assert result.exit_code == 2
    assert result.stdout.count("The image of 'red' cannot be decoded") == 2
    assert "fake-task: 1 problem (10 examples, 10 images)" in result.stdout


def test_verify_json_has_every_problem(data, world):
    """Standard output is JSON and nothing else."""
    for path in (world / "images").iterdir():
        path.unlink()
    result = data("verify", "fake-task", "--data-root", world, "--json")
    (report,) = json.loads(result.stdout)["reports"]
    assert result.exit_code == 2
    assert (report["id"], report["examples"], len(report["problems"])) == ("fake-task", 10, 10)


def test_settings_reach_their_task(data, world):
    """As in a matrix."""
    result = data("verify", "fake-settable", "--set", "fake-settable.pictures=4", "--data-root", world)
    assert "fake-settable: fine (4 examples, 4 images)" in result.stdout


def test_a_data_root_is_written_on_demand(data):
    """By the id of the plugin that offers it."""
    assert data("verify", "fake-task", "--data-root", "fake-world").exit_code == 0


def test_verify_without_a_data_root_says_what_is_missing(data):
    """Looking nowhere would find nothing wrong."""
    assert "Say where the data are" in str(data("verify").exception)


class Terminal(io.StringIO):
    """Standard error that people look at."""

    def isatty(self):
        return True


@pytest.mark.parametrize(("stream", "shown"), [(Terminal(), True), (io.StringIO(), False)])
def test_a_bar_is_shown_to_people_alone(monkeypatch, capsys, stream, shown):
    """On standard error, and never on standard output."""
    monkeypatch.setattr("sys.stderr", stream)
    bar = ImageBar()
    bar.advance("fake-task", 1, 2)
    bar.advance("fake-task", 2, 2)
    bar.hide()
    bar.hide()
    assert ("fake-task" in stream.getvalue()) is shown
    assert capsys.readouterr().out == ""
