"""What a gate writes: for a terminal, a pull request, JUnit readers, charts and scripts."""

from __future__ import annotations

import json
from xml.etree import ElementTree as ET

import pytest

from zsbench.gate import GateRules, judge_run
from zsbench.gate.outputs import gate_benchmark, gate_document, gate_junit, gate_markdown, gate_text
from zsbench.records import read_cells
from zsbench_cells import build_cell, captions_of, make_metric, scores_of, write_run

NASTY = "a <script>alert(1)</script> | `x` @team \x07 قطة"


@pytest.fixture
def report(tmp_path):
    """Four cells: one fails, one is unchanged, one cannot be told, one vanished."""
    names = ("failing", "same", "unsure", "gone")
    old = [build_cell(captions_of(200), scores_of(200), captioner=name) for name in names]
    worse = captions_of(200, worse=range(30))
    worse["0"] = NASTY
    scores = scores_of(200, worse=range(30))
    scores[0] = -9
    new = [
        build_cell(worse, scores, captioner="failing"),
        build_cell(captions_of(200), scores_of(200), captioner="same"),
        build_cell(captions_of(200, worse=[0, 1]), scores_of(200, worse=[0, 1], bad=0), captioner="unsure"),
    ]
    run, baseline = write_run(tmp_path / "new", new), write_run(tmp_path / "old", old)
    rules = GateRules(metrics=["exact"], tolerance=0.5)
    return judge_run(read_cells(run), read_cells(baseline), make_metric, rules)


def test_text_begins_with_the_captions_that_changed(report):
    """Then the metric, the drop, the interval, and the verdict at the end."""
    lines = gate_text(report).splitlines()
    assert lines[0] == "FAIL          failing__fake-task__seed0: 30 captions of 200 changed since aaaaaaaaaaaa"
    assert lines[1].startswith("  FAIL          Exact 9")
    assert "beyond the tolerance" in lines[1]
    assert "PASS          same__fake-task__seed0: no caption of 200 changed since aaaaaaaaaaaa" in lines
    assert (
        lines[-1]
        == "FAIL: 32 of 600 captions changed in 4 cells; 2 tests at a one-sided level of 0.05 together (Holm)."
    )


def test_markdown_escapes_what_captions_hold(report):
    """No markup, no table cell, no notification comes out of a caption."""
    text = gate_markdown(report)
    assert "<script>" not in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt; \\| \\`x\\` &#64;team قطة" in text
    assert "\x07" not in text
    rows = [line for line in text.splitlines() if line.startswith("| ❌ | failing")]
    assert len(rows) == 2


def test_json_holds_every_number_and_no_nan(report):
    """Strict JSON, for scripts."""
    document = json.loads(json.dumps(gate_document(report), allow_nan=False))
    assert (document["verdict"], document["exit_code"]) == ("FAIL", 1)
    [found] = document["cells"][0]["metrics"]
    assert found["difference"] == pytest.approx(found["new"] - found["old"])
    assert document["cells"][0]["captions_changed"] == 30
    assert [cell["verdict"] for cell in document["cells"]] == ["FAIL", "PASS", "INCONCLUSIVE", "INCONCLUSIVE"]


def test_junit_counts_failures_and_skips_the_inconclusive(report):
    """A suite a cell."""
    suites = ET.fromstring(gate_junit(report)).findall("testsuite")  # noqa: S314  our own text
    assert [(s.get("failures"), s.get("skipped")) for s in suites] == [("1", "0"), ("0", "0"), ("0", "1"), ("0", "1")]
    assert "Exact" in suites[0].find("testcase/failure").get("message")


def test_benchmark_points_are_bigger_is_better(report):
    """The form github-action-benchmark reads."""
    points = gate_benchmark(report)
    assert [point["name"] for point in points] == ["failing__fake-task__seed0 Exact", "unsure__fake-task__seed0 Exact"]
    assert set(points[0]) == {"name", "unit", "value", "range", "extra"}
    assert 40 < points[0]["value"] < 90
