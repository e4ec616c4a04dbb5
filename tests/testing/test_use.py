"""The kit as plugin authors use it: in Python, in pytest and from the shell."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

import zsbench_nonconforming as fakes
from zsbench.cli.app import app
from zsbench.errors import ConfigError, ConformanceError
from zsbench.plugins import load_plugins
from zsbench.testing import check_captioner, check_encoder, check_gap_model, check_metric, check_task, iter_checks
from zsbench.testing.kit import CheckResult
from zsbench.testing.reporting import conformance_table, run_conformance

pytest_plugins = ["pytester"]

CONFTEST = """
    import pytest

    @pytest.mark.zsbench("gap-model", {component})
    def test_conformance(zsbench_check):
        assert zsbench_check().status == "passed"
"""


def test_one_call_checks_a_component(tmp_path):
    """A spec of one's own needs no installed plugin."""
    assert {result.status for result in check_gap_model(fakes.gap(fakes.GoodGap))} == {"passed", "not applicable"}
    assert check_metric(fakes.metric(fakes.GoodMetric))
    assert check_encoder(fakes.encoder(fakes.GoodEncoder))
    assert check_captioner(fakes.captioner(fakes.GoodCaptioner))
    assert check_task(fakes.task(fakes.GoodTask), data_root=fakes.draw_pictures(tmp_path))


def test_the_first_failure_is_raised_with_check_and_fix():
    """Three sentences: found, expected, fix."""
    with pytest.raises(ConformanceError, match=r"good, norm-kept: .*away from 1") as caught:
        check_gap_model(fakes.gap(fakes.Unnormalised))
    assert "Normalise" in caught.value.remedy


def test_unknown_kinds_and_ids_are_refused():
    """The closest id is suggested."""
    with pytest.raises(ConfigError, match="Did you mean 'bleu-1'"):
        check_metric("bleu1")


def test_each_check_is_a_test_of_its_own(pytester):
    """A good component passes, checks that do not apply are skipped, the mark is known."""
    component = "GapModelSpec(id='unit', factory=UnitGap, config=NoSettings, summary='unit norm')"
    head = "from zsbench.interfaces import GapModelSpec\nfrom zsbench.testing.fakes import NoSettings, UnitGap\n"
    pytester.makepyfile(head + CONFTEST.replace("    ", "", 1).replace("\n    ", "\n").format(component=component))
    result = pytester.runpytest("--strict-markers", "-v", "-p", "no:randomly")
    count = len(iter_checks("gap-model"))
    outcomes = result.parseoutcomes()
    assert outcomes["passed"] + outcomes["skipped"] == count
    result.stdout.fnmatch_lines(["*test_conformance?unit-shape-kept? PASSED*"])


def test_fixtures_are_fakes_that_keep_their_contracts(
    zsbench_encoder, zsbench_language_model, zsbench_corpus, zsbench_batch
):
    """Ready for tests of a captioner's own."""
    assert zsbench_corpus.features.shape == (len(zsbench_corpus), zsbench_encoder.dim)
    assert zsbench_batch.features.patches.shape == (6, 49, zsbench_encoder.dim)
    assert len(zsbench_batch.images) == len(zsbench_batch.references) == 6
    assert zsbench_language_model.embed(zsbench_language_model.tokenize(["a red ball"], max_tokens=8).ids).shape[0] == 1


def test_the_shell_checks_a_plugin_by_name_or_id(tmp_path, monkeypatch):
    """Exit code 0 and a table; JSON on request."""
    monkeypatch.setenv("ZSBENCH_CACHE", str(tmp_path))
    result = CliRunner().invoke(app, ["plugins", "check", "exact-match"])
    assert result.exit_code == 0, result.output
    assert "metric exact-match" in result.stdout
    rows = json.loads(CliRunner().invoke(app, ["plugins", "check", "exact-match", "--json"]).stdout)
    assert {row["check"] for row in rows} == {check.name for check in iter_checks("metric")}


def test_the_shell_ends_with_one_if_anything_does_not_conform(tmp_path, monkeypatch):
    """What was found, expected and how to fix it stand below the check."""
    monkeypatch.setenv("ZSBENCH_CACHE", str(tmp_path))
    bad = tmp_path / "bad.py"
    bad.write_text(
        "from zsbench.hookspecs import hookimpl\nfrom zsbench.interfaces import GapModelSpec\n"
        "import zsbench_nonconforming as fakes\n\n@hookimpl\ndef zsbench_gap_models():\n"
        "    return [fakes.gap(fakes.Unnormalised)]\n",
        encoding="utf-8",
    )
    result = CliRunner().invoke(app, ["plugins", "check", "bad", "-p", str(bad)])
    assert result.exit_code == 1, result.output
    assert "FAILED  norm-kept" in result.stdout
    assert "fix:      Normalise" in result.stdout


def test_names_that_mean_nothing_are_refused():
    """With the closest name, or with what the kit checks."""
    with pytest.raises(ConfigError, match="Did you mean 'exact-match'"):
        run_conformance("exact-mach", load_plugins())


def test_the_table_counts():
    """Passed, failed and not applicable."""
    results = [
        CheckResult("a", "metric", "one", "passed"),
        CheckResult("a", "metric", "two", "not applicable", "It cannot run here: no Java. Install it."),
        CheckResult("b", "metric", "one", "failed", "Found.", "Expected.", "Fix."),
    ]
    table = conformance_table(results)
    assert table.splitlines()[-1] == "1 passed, 1 failed, 1 not applicable"
    assert "two  (It cannot run here: no Java)" in table
