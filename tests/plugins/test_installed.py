"""Broken plugins as they are met: installed, found by the command, named with a remedy, and never in the way."""

from __future__ import annotations

import json
import sys

import pytest

from zsbench import cli
from zsbench.errors import UnknownIdError

BROKEN_WHEN_LOADED = {
    "broken_missing_dependency": ("failed", "pip install zsbench_package_nobody_has_installed"),
    "broken_exits_at_import": ("failed", "-p no:"),
    "broken_hook_raises": ("failed", "Correct the plugin"),
    "broken_misspelt_hook": ("failed", "Rename zsbench_captionerz to zsbench_captioners"),
    "broken_returns_strings": ("failed", "Correct the plugin"),
    "broken_returns_none": ("failed", "Correct the plugin"),
    "broken_api_version": ("incompatible", "pip install -U"),
    "broken_gone": ("failed", "entry point is stale"),
}
OWNED = {"broken_api_version": "from-the-future"}
"""What a plugin is known to own, though it is not active."""
BROKEN_WHEN_RUN = {
    "broken_captioner_too_few": "captions-too-few",
    "broken_captioner_too_many": "captions-too-many",
    "broken_captioner_not_text": "captions-not-text",
    "broken_captioner_multi_line": "captions-multi-line",
    "broken_captioner_none": "captions-none",
    "broken_captioner_raises_late": "captions-raise-late",
    "broken_captioner_exits": "captions-exit",
}
RUN = ("run", "fake-matrix", "--set", "baseline=nearest", "-b", "3")


@pytest.fixture(autouse=True)
def host(install):
    """The fakes, installed as a plugin of their own."""
    install("host", "zsbench_host")


@pytest.mark.parametrize("module", BROKEN_WHEN_LOADED)
def test_a_plugin_that_does_not_load_is_named_and_nothing_else_is_touched(install, zsbench, listing, module):
    """Listed with distribution and remedy, explained by the doctor; a run goes on without it, or tells the cause."""
    status, remedy = BROKEN_WHEN_LOADED[module]
    install("bad", module)
    row = listing()["bad"]
    assert (row["status"], row["distribution"], row["provides"]) == (status, "zsbench-bad", [])
    assert all(part in row["reason"] for part in ("bad", "zsbench-bad", remedy))
    doctor = zsbench("plugins", "doctor")
    assert doctor.exit_code == 2
    assert row["remedy"] in doctor.stdout
    assert zsbench(*RUN, "-c", "nearest").exit_code == 0
    named = zsbench(*RUN, "-c", f"nearest,{OWNED.get(module, 'of-the-bad-one')}")
    assert isinstance(named.exception, UnknownIdError)
    assert "plugin 'bad' (zsbench-bad)" in str(named.exception)
    assert remedy in str(named.exception)


def test_a_syntax_error_is_located(install, listing):
    """The listing says in which file and line."""
    path = install("bad", "broken_syntax", source="def (:\n")
    row = listing()["bad"]
    assert "SyntaxError" in row["reason"]
    assert row["where"] == f"{path}:1"


def test_a_duplicate_id_is_refused_naming_both_distributions(install, listing, zsbench):
    """The first in the order of names keeps it."""
    install("a-first", "good_captioner")
    install("b-second", "broken_duplicate_id")
    rows = listing()
    assert rows["a-first"]["status"] == "active"
    assert "zsbench-a-first" in rows["b-second"]["reason"]
    assert "zsbench-b-second" in rows["b-second"]["reason"]
    named = zsbench(*RUN, "-c", "duplicate-own")
    assert "zsbench-b-second" in str(named.exception)


@pytest.mark.parametrize("module", BROKEN_WHEN_RUN)
def test_a_captioner_that_breaks_its_contract_fails_its_cell_alone(install, zsbench, module):
    """Exit code 4; the reason names captioner, plugin and distribution; the other cell is in the table."""
    captioner = BROKEN_WHEN_RUN[module]
    install("bad", module)
    result = zsbench(*RUN, "-c", f"nearest,{captioner}", "--json")
    assert result.exit_code == 4, result.output
    done, failed = json.loads(result.stdout)["cells"]
    assert (done["status"], failed["status"]) == ("done", "failed")
    assert all(part in failed["reason"] for part in (captioner, "'bad' (zsbench-bad)"))


@pytest.mark.parametrize(("module", "gap"), [("broken_gap_nan", "gap-nan"), ("broken_gap_shape", "gap-shape")])
def test_a_gap_model_that_breaks_its_contract_fails_its_cell_alone(install, zsbench, module, gap):
    """Its features never reach a captioner."""
    install("bad", module)
    result = zsbench(*RUN, "-c", "nearest,fake-carried", "--set", f"gap_models=[{{id: {gap}}}]", "--json")
    assert result.exit_code == 4, result.output
    cells = json.loads(result.stdout)["cells"]
    failed = [cell for cell in cells if cell["status"] == "failed"]
    assert {cell["captioner"] for cell in failed} == {"fake-carried"}
    assert all(part in failed[0]["reason"] for part in (gap, "'bad' (zsbench-bad)"))
    assert any(cell["status"] == "done" for cell in cells)


def test_a_task_with_unstable_ids_is_refused_before_any_work(install, zsbench, tmp_path):
    """Predictions could not be matched with references; the plugin is named."""
    from good_task import write_images

    write_images(tmp_path)
    install("bad", "broken_task_unstable_ids")
    result = zsbench(*RUN, "-c", "nearest", "-t", "task-unstable-ids", "--data-root", str(tmp_path))
    assert result.exit_code == 1
    assert all(part in str(result.exception) for part in ("task-unstable-ids", "'bad' (zsbench-bad)"))
    assert not (tmp_path / "results").exists()


def test_the_command_ends_with_two_and_without_a_traceback(install, monkeypatch, capsys):
    """What a user sees of a run that names something of a broken plugin."""
    install("bad", "broken_gone")
    monkeypatch.setattr(sys, "argv", ["zsbench", *RUN, "-c", "of-the-bad-one"])
    with pytest.raises(SystemExit) as stopped:
        cli.main()
    assert stopped.value.code == 2
    error = capsys.readouterr().err
    assert "zsbench-bad" in error
    assert "Traceback" not in error


def test_run_records_hold_every_plugin_and_what_was_used_of_it(install, zsbench, listing, tmp_path):
    """Broken ones with their reason; the listing shows the use of the newest run."""
    install("bad", "broken_gone")
    assert zsbench(*RUN, "-c", "nearest").exit_code == 0
    run = json.loads((tmp_path / "results" / "latest" / "run.json").read_text(encoding="utf-8"))
    told = {row["name"]: row for row in run["provenance"]["plugins"]}
    assert told["bad"]["status"] == "failed"
    assert told["bad"]["reason"]
    assert "captioner nearest" in told["host"]["used"]
    assert told["host"]["version"] == "1.0"
    assert "captioner nearest" in listing()["host"]["used"]
    assert listing()["bad"]["used"] == []
