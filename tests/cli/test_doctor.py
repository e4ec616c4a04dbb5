"""``zsbench doctor``: what is there, what is not, and where it goes."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from zsbench.cli.app import app
from zsbench.errors import MissingDependencyError
from zsbench.metrics import corenlp, requirements


@pytest.fixture
def doctor(monkeypatch, tmp_path):
    """Run the command with an empty cache."""
    monkeypatch.setenv("ZSBENCH_CACHE", str(tmp_path))
    monkeypatch.delenv(corenlp.VARIABLE, raising=False)

    def _doctor(*arguments):
        return CliRunner().invoke(app, ["doctor", *arguments])

    return _doctor


def test_what_is_there_is_told_with_its_place(doctor):
    """Java with its version and the jars; SPICE's models are optional and the place for them is named."""
    result = doctor()
    assert result.exit_code == 0
    assert "ok       Java: " in result.stdout
    assert "meteor-1.5.jar" in result.stdout
    assert "corenlp-3.6.0" in result.stdout


def test_missing_java_is_an_error(doctor, monkeypatch):
    """Everything that needs it is named, and the exit code says that something is missing."""

    def no_java():
        raise MissingDependencyError("No Java.", "Java.", "Install it.")

    monkeypatch.setattr(requirements, "find_java", no_java)
    result = doctor("--json")
    assert result.exit_code == 2
    java = json.loads(result.stdout)[0]
    assert (java["name"], java["ready"], java["told"]) == ("Java", False, "No Java. Java. Install it.")


def test_models_are_fetched_only_when_asked(doctor, monkeypatch, tmp_path):
    """``--online`` puts both jars where SPICE looks for them."""
    fetched = []

    def fetch(folder):
        fetched.append(folder)
        folder.mkdir(parents=True)
        for name in corenlp.JARS:
            (folder / name).touch()

    monkeypatch.setattr(corenlp, "fetch_corenlp", fetch)
    doctor()
    assert fetched == []
    result = doctor("--online")
    assert fetched == [tmp_path / "corenlp-3.6.0"]
    assert "ok       SPICE models" in result.stdout


def test_missing_models_have_a_place(doctor, monkeypatch, tmp_path):
    """A record never names a folder of this machine, so the doctor does."""
    monkeypatch.delenv(corenlp.VARIABLE, raising=False)
    told = next(row["told"] for row in json.loads(doctor("--json").stdout) if row["name"].startswith("SPICE models"))
    assert str(tmp_path / "corenlp-3.6.0") in told
    with pytest.raises(MissingDependencyError) as caught:
        corenlp.find_corenlp(tmp_path)
    assert str(tmp_path) not in str(caught.value)
