import pytest

from zsbench.tables.frame import build_frame
from zsbench.tables.rendering import Style, render, render_run, screen_table
from zsbench_records import difference, four_tasks, metric, record

RECORDS = [record(), record("x", [metric(score=0.6)], differences=[difference()])]


@pytest.mark.parametrize(
    ("style", "start"),
    [
        (Style(), "## COCO"),
        (Style(format="latex"), "% \\usepackage"),
        (Style(format="latex", standalone=True), "\\documentclass"),
        (Style(format="html"), "<!DOCTYPE html>"),
        (Style(format="csv"), "captioner,variant,"),
        (Style(format="csv", wide=True), "captioner,variant,"),
    ],
)
def test_every_format_ends_in_one_newline(style, start):
    """And begins as it should."""
    text = render(build_frame(RECORDS), style=style)
    assert text.startswith(start)
    assert text.endswith("\n")
    assert not text.endswith("\n\n")


def test_markdown_is_for_a_screen_unless_asked():
    """Other formats are full unless asked."""
    assert "p < 0.001" in render(build_frame(RECORDS), style=Style(detail="full")).replace("p = 0.001", "p < 0.001")
    assert "Difference" not in render(build_frame(RECORDS))
    assert "ifference to the baseline" in render(build_frame(RECORDS), style=Style(format="html"))
    latex = render(build_frame(RECORDS), style=Style(format="latex"))
    assert "ifference to the baseline" not in latex
    assert "n:500" in latex


def test_a_run_has_its_tables_in_every_format():
    """The Markdown file is the full one."""
    files = render_run(RECORDS, "today")
    assert sorted(files) == ["comparison.csv", "comparison.html", "comparison.md", "comparison.tex"]
    assert "Difference to the baseline" in files["comparison.md"]
    assert "today" in files["comparison.csv"]


def test_the_screen_has_no_line_too_wide():
    """Tables keep to the width of the terminal."""
    lines = screen_table(four_tasks(), width=100).splitlines()
    assert max(len(line) for line in lines if line.startswith("|")) <= 100
    assert max(len(line) for line in screen_table(four_tasks()).splitlines() if line.startswith("|")) > 100
