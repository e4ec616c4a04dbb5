"""``zsbench cache`` after a run on the fakes."""

from __future__ import annotations

import json
import shutil

import pytest
from typer.testing import CliRunner

import zsbench_fakes
from zsbench.cli.app import app
from zsbench.cli.cache import _parse_size, _tell_size
from zsbench.errors import ConfigError
from zsbench.plugins import load_plugins


@pytest.fixture
def zsbench(monkeypatch, tmp_path):
    """Run the command on the fakes, after one run; the runner's result."""
    monkeypatch.setattr("zsbench.cli.run.load_plugins", lambda: load_plugins([zsbench_fakes.FAKES]))
    monkeypatch.setenv("ZSBENCH_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)

    def _zsbench(*arguments):
        return CliRunner().invoke(app, list(arguments))

    assert _zsbench("run").exit_code == 0
    return _zsbench


def test_every_stage_is_listed_with_its_run(zsbench):
    """In words and in JSON."""
    entries = json.loads(zsbench("cache", "ls", "--json").stdout)["entries"]
    assert {entry["kind"] for entry in entries} >= {"text-features", "image-features", "train", "predict", "score"}
    assert all(len(entry["runs"]) == 1 and entry["bytes"] > 0 for entry in entries)
    printed = zsbench("cache", "ls").stdout
    assert all(entry["key"][:8] in printed for entry in entries)
    assert f"{len(entries)} entries" in printed


def test_a_whole_store_verifies(zsbench):
    """Nothing to say, exit code 0."""
    result = zsbench("cache", "verify")
    assert result.exit_code == 0
    assert ", 0 not whole" in result.stdout


def test_a_damaged_entry_is_named_and_ends_with_2(zsbench, tmp_path):
    """The key is that of the entry."""
    victim = next((tmp_path / "cache" / "store" / "predict").glob("*/predictions.jsonl"))
    victim.write_text("", encoding="utf-8")
    result = zsbench("cache", "verify", "--json")
    assert result.exit_code == 2
    assert list(json.loads(result.stdout)["problems"]) == [victim.parent.name]


def test_entries_of_a_deleted_run_are_pruned(zsbench, tmp_path):
    """First it says so, then it does so; nothing used is touched."""
    assert "0 entries" in zsbench("cache", "prune", "--unused").stdout
    shutil.rmtree(tmp_path / "results")
    listed = json.loads(zsbench("cache", "ls", "--json").stdout)["entries"]
    assert (
        f"{len(listed)} entries and 0 interrupted stages would go"
        in zsbench("cache", "prune", "--unused", "--dry-run").stdout
    )
    assert len(json.loads(zsbench("cache", "ls", "--json").stdout)["entries"]) == len(listed)
    assert f"{len(listed)} entries and 0 interrupted stages removed" in zsbench("cache", "prune", "--unused").stdout
    assert json.loads(zsbench("cache", "ls", "--json").stdout)["entries"] == []


def test_prune_without_a_rule_is_refused(zsbench):
    """Nothing is removed by accident."""
    assert isinstance(zsbench("cache", "prune").exception, ConfigError)


@pytest.mark.parametrize(("text", "size"), [("10", 10), ("1.5k", 1500), ("2 GB", 2 * 10**9), ("3M", 3 * 10**6)])
def test_sizes_are_read_with_units(text, size):
    """Decimal units, any case."""
    assert _parse_size(text) == size


def test_what_is_no_size_is_refused():
    """The message shows an example."""
    with pytest.raises(ConfigError, match="10G"):
        _parse_size("much")


@pytest.mark.parametrize(
    ("size", "text"), [(999, "999 B"), (1500, "1.5 kB"), (2 * 10**9, "2.0 GB"), (10**13, "10000.0 GB")]
)
def test_sizes_are_told_with_units(size, text):
    """Decimal units."""
    assert _tell_size(size) == text
