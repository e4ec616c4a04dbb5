"""The README's examples are true: the matrix is valid, the plugin runs."""

from __future__ import annotations

import json
import re
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
from typer.testing import CliRunner

import zsbench_fakes
from zsbench.cli.app import app
from zsbench.config import read_matrix
from zsbench.plugins import load_plugins

README = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")


def block(language: str) -> str:
    """The README's only block of a language."""
    [found] = re.findall(rf"^```{language}\n(.*?)^```", README, flags=re.MULTILINE | re.DOTALL)
    return found


def test_the_matrix_is_valid(tmp_path):
    """What a reader pastes is accepted."""
    path = tmp_path / "coco.yaml"
    path.write_text(block("yaml"), encoding="utf-8")
    matrix = read_matrix(path, {})
    assert matrix.encoder.settings["pretrained"] == "openai"
    assert matrix.baseline in matrix.captioners


def test_the_plugin_is_thirty_lines_and_runs(tmp_path, monkeypatch):
    """The example registers and captions."""
    assert len(block("python").splitlines()) <= 30
    package = tmp_path / "zsbench_example_of_readme"
    package.mkdir()
    (package / "__init__.py").write_text("", encoding="utf-8")
    (package / "plugin.py").write_text(block("python"), encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ZSBENCH_CACHE", str(tmp_path / "cache"))
    example = EntryPoint("example", "zsbench_example_of_readme.plugin", "zsbench")
    monkeypatch.setattr("zsbench.cli.run.load_plugins", lambda: load_plugins([zsbench_fakes.FAKES, example]))
    result = CliRunner().invoke(app, ["run", "--json", "-c", "most-common", "--set", "most-common.words=2"])
    assert result.exit_code == 0, result.output
    run = tmp_path / json.loads(result.stdout)["run"]
    lines = next(run.glob("cells/*/samples.jsonl")).read_text(encoding="utf-8").splitlines()
    assert {json.loads(line)["prediction"] for line in lines} == {"a red"}


@pytest.mark.parametrize(
    "command", ["python -m pip install -r requirements.txt && zsbench run", "python -m pip install tox && tox"]
)
def test_the_two_commands_are_there(command):
    """The commands that everything else is tested by stand in the README as they are."""
    assert f"```\n{command}\n```" in README


def test_linked_files_exist():
    """No link leads nowhere."""
    links = re.findall(r"\]\(((?!https?:)[^)#]+)\)", README)
    missing = [link for link in links if not (Path(__file__).parent.parent / link).exists()]
    assert links
    assert missing == []


def test_the_tables_are_consistent():
    """Every row has as many cells as there are headings, and in each column the highest score is the bold one."""
    block = re.search(r"<!-- table: \S+ -->\n(.*?)<!-- /table -->", README, flags=re.DOTALL)
    tables = re.findall(r"(?:^\|.*\n)+", block[1], flags=re.MULTILINE)
    assert tables
    for table in tables:
        rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()]
        assert len({len(row) for row in rows}) == 1
        for column in zip(*rows[2:], strict=True):
            scores = [found for text in column if (found := re.match(r"(\*\*)?(\d+\.\d+) ±", text))]
            best = [score[2] for score in scores if score[1]]
            top = max((score[2] for score in scores), key=float, default="")
            assert set(best) == ({top} if len(scores) > 1 else set())
