"""``zsbench leaderboard`` and ``zsbench report`` on the command line."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

import zsbench_fakes
from zsbench.cli.app import app
from zsbench.plugins import load_plugins
from zsbench_cells import build_cell, captions_of, scores_of, write_run


@pytest.fixture
def zsbench(monkeypatch, tmp_path):
    """The command in a folder with one run."""
    monkeypatch.setattr("zsbench.cli.leaderboard.load_plugins", lambda: load_plugins([zsbench_fakes.FAKES]))
    monkeypatch.setenv("ZSBENCH_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    write_run(tmp_path / "results", [build_cell(captions_of(20), scores_of(20))])
    return lambda *arguments: CliRunner().invoke(app, list(arguments))


def test_build_says_what_it_wrote_and_where(zsbench, tmp_path):
    """The results folder and site are the defaults."""
    result = zsbench("leaderboard", "build")
    assert (result.exit_code, "1 tasks, 1 systems, 1 runs: site/index.html" in result.stdout) == (0, True), (
        result.output
    )
    assert (tmp_path / "site" / "index.html").is_file()


def test_a_report_goes_into_the_run_and_images_may_be_left_out(zsbench, tmp_path):
    """Beside the records it is about."""
    assert zsbench("report", "--no-images").exit_code == 0
    assert (tmp_path / "results" / "latest" / "report" / "index.html").is_file()
    assert not (tmp_path / "results" / "latest" / "report" / "images").exists()


def test_the_readme_is_checked_or_written(zsbench, tmp_path):
    """A check fails once, when it wrote something."""
    assert zsbench("leaderboard", "readme", "--check").exit_code == 1
    assert zsbench("leaderboard", "readme", "--check").exit_code == 0
    assert "No baseline" in (tmp_path / "results" / "README.md").read_text()
