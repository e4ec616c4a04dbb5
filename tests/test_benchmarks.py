"""The ratios of benchmarks: committed, in the table, and compared as the page says."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
from pathlib import Path

import numpy as np  # noqa: F401  pytester forgets what its run has loaded, and numpy cannot be loaded again
import pytest

import zsbench_ratios
from zsbench_ratios import Declaration, Ratio, Ratios, compare_ratios, judge_ratio, read_ratios

pytest_plugins = ["pytester"]

ROOT = Path(__file__).parents[1]
PAGE = f"above\n{zsbench_ratios.BEGIN}\n{zsbench_ratios.END}\nbelow\n"
FILE_OF_TWO = """
import pytest

@pytest.mark.ratio(what="adding", against="counting", size="two", of="bytes", aim=5)
def test_good(side_by_side):
    order = []
    ours, naive = side_by_side(
        lambda: order.append("o") or 2, lambda: order.append("n") or 6, rounds=3, warmup=1, measure=float
    )
    assert (ours, naive) == (2, 6)
    assert "".join(order) == "noonnoon"

@pytest.mark.ratio(what="a", against="b", size="c")
def test_wrong_answer(side_by_side):
    ours, naive = side_by_side(lambda: 1, lambda: 2)
    assert ours == naive

@pytest.mark.ratio(what="a", against="b", size="c")
def test_elsewhere(side_by_side):
    pytest.skip("no accelerator")
"""


def ratio(value, *, low=None, high=None, aim=None):
    """One ratio; its pairs agree unless said otherwise."""
    said = Declaration(what="ours", against="loop", size="9", aim=aim)
    return Ratio(
        ratio=value, low=low or value, high=high or value, pairs=3, machine="m", revision="r", date="d", declared=said
    )


@pytest.fixture
def bench(pytester, monkeypatch):
    """A folder with benchmarks of its own, and a file and a page that they write."""
    monkeypatch.setattr(zsbench_ratios, "FILE", pytester.path / "benchmarks.json")
    monkeypatch.setattr(zsbench_ratios, "PAGE", pytester.path / "page.md")
    zsbench_ratios.PAGE.write_text(PAGE, encoding="utf-8")
    pytester.makeconftest((ROOT / "tests" / "benchmarks" / "conftest.py").read_text(encoding="utf-8"))
    pytester.makepyfile(test_some=FILE_OF_TWO)
    return lambda *arguments: pytester.runpytest_inprocess("-p", "no:randomly", "--benchmark-only", *arguments)


@pytest.mark.slow
def test_the_committed_file_and_page_know_every_benchmark_as_it_is():
    """A benchmark is measured or listed as not measured, in its own words."""
    command = [sys.executable, "-m", "pytest", "-q", "--collect-only", "-o", "addopts=--import-mode=importlib"]
    done = subprocess.run(
        [*command, "--ratios-check", "tests/benchmarks"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-2000:]


def test_the_page_holds_the_table_of_the_file():
    """The table is generated, never written by hand."""
    page = zsbench_ratios.PAGE.read_text(encoding="utf-8")
    assert zsbench_ratios.fill_page(page, read_ratios()) == page


def test_a_run_keeps_what_it_found_and_says_why_the_rest_is_missing(bench):
    """Sides take turns; a wrong answer has no ratio; a failure loses nothing but itself."""
    result = bench("--ratios-write")
    result.assert_outcomes(passed=1, failed=1, skipped=1)
    found = read_ratios(zsbench_ratios.FILE)
    assert found.measured["test_some.py::test_good"].ratio == 3.0
    assert found.missing["test_some.py::test_elsewhere"] == "skipped: no accelerator"
    assert found.missing["test_some.py::test_wrong_answer"].startswith("failed: ")
    result.stdout.fnmatch_lines(["LOW * 3 [[]3, 3[]] of bytes, not committed*", "all of it took * minutes"])
    page = zsbench_ratios.PAGE.read_text(encoding="utf-8")
    assert page.startswith("above")
    assert page.endswith("below\n")
    assert "| adding | counting | two | bytes | 3 | 3, 3 | 5 | 1 |" in page


def test_a_run_of_some_leaves_the_others_and_a_removed_benchmark_goes(bench, pytester):
    """What is not collected whole is not judged gone."""
    bench("--ratios-write")
    before = read_ratios(zsbench_ratios.FILE)
    bench("--ratios-write", "-k", "elsewhere")
    bench("--ratios-write", "test_some.py::test_elsewhere")
    assert read_ratios(zsbench_ratios.FILE) == before
    pytester.makepyfile(test_some=FILE_OF_TWO.replace("test_good", "test_other"))
    bench("--ratios-write", "--collect-only")
    after = read_ratios(zsbench_ratios.FILE)
    assert after.measured == {}
    assert after.missing["test_some.py::test_other"] == "not run yet"


def test_a_check_names_what_is_not_up_to_date(bench, pytester):
    """Another word is enough."""
    bench("--ratios-write")
    assert bench("--collect-only", "--ratios-check").ret == pytest.ExitCode.OK
    pytester.makepyfile(test_some=FILE_OF_TWO.replace("adding", "summing"))
    result = bench("--collect-only", "--ratios-check")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["benchmarks.json is not up to date*", "page.md is not up to date*"])


@pytest.mark.parametrize(
    ("fresh", "committed", "verdict"),
    [
        (ratio(2.0), None, "ok"),
        (ratio(1.7), ratio(2.0), "ok"),
        (ratio(1.5), ratio(2.0), "WORSE"),
        (ratio(1.5, high=2.1), ratio(2.0), "ok"),
        (ratio(1.5, aim=1.6), None, "LOW"),
    ],
)
def test_what_got_worse_is_marked(fresh, committed, verdict):
    """A fifth, and every pair."""
    assert judge_ratio(fresh, committed) == verdict


def test_another_machine_is_named():
    """Ratios of two machines may differ."""
    there = Ratios({"a": dataclasses.replace(ratio(2.0), machine="other")}, {})
    assert compare_ratios(Ratios({"a": ratio(2.0)}, {}), there)[-1] == "machines differ, so may ratios: m | other"


def test_a_file_of_another_schema_is_refused(tmp_path):
    """Nothing is guessed."""
    path = tmp_path / "benchmarks.json"
    path.write_text(json.dumps({"schema_version": 0}), encoding="utf-8")
    with pytest.raises(AssertionError, match="another schema version"):
        read_ratios(path)
