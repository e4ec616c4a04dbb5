"""Charts: inline SVG in the page's colours, safe labels, no crash on odd numbers."""

from __future__ import annotations

import math
from xml.etree import ElementTree as ET

import pytest

from zsbench.report.charts import draw_bars, draw_histogram, draw_history, draw_intervals

NASTY = "<script>$x$</script>"


@pytest.mark.parametrize(
    "svg",
    [
        draw_intervals({NASTY: (1.0, 0.5, 1.5), "b": (2.0, 1.0, 3.0)}, NASTY, zero=True),
        draw_history([(1.0, 0.5, 1.5), (math.nan, math.nan, math.nan)], [NASTY, "b"], NASTY),
        draw_bars({NASTY: {"g": 1.0}, "b": {"h": 2.0}}, NASTY),
        draw_histogram({NASTY: [1.0, 2.0, math.nan], "b": [2.0]}, NASTY),
        draw_histogram({"a": []}, "words", whole=True),
    ],
)
def test_charts_are_safe_and_take_the_colours_of_the_page(svg):
    """Valid XML whose text is text and whose colours are variables; equal input gives equal bytes."""
    root = ET.fromstring(svg.replace("xlink:", ""))  # noqa: S314  our own text
    assert root.get("role") == "img"
    assert "<script" not in svg
    assert "var(--ink)" in svg
    assert "#010203" not in svg
    assert "width" not in root.attrib


def test_equal_numbers_give_equal_bytes():
    """Pages that did not change do not change."""
    assert draw_intervals({"a": (1.0, 0.5, 1.5)}, "x") == draw_intervals({"a": (1.0, 0.5, 1.5)}, "x")
