"""The record, the page and the pictures of an analysis."""

from __future__ import annotations

import dataclasses
import json

import pytest

from zsbench.analysis.closeness import RegionSettings
from zsbench.analysis.report import analyse_gap, build_page, build_record, write_analysis
from zsbench.errors import MissingDependencyError


@pytest.fixture
def analysis(pairs):
    return analyse_gap(pairs, RegionSettings(regions=4))


def test_record_page_and_pictures_are_written(analysis, tmp_path):
    """JSON that JSON can hold, Markdown, HTML, and each picture as SVG and PNG."""
    write_analysis(analysis, tmp_path / "report")
    names = sorted(path.name for path in (tmp_path / "report").iterdir())
    pictures = [
        f"{name}.{ending}" for name in ("closeness", "difference", "projection", "regions") for ending in ("png", "svg")
    ]
    assert names == sorted(["gap.html", "gap.json", "gap.md", *pictures])
    record = json.loads((tmp_path / "report" / "gap.json").read_text())
    assert record["images"] == 60
    assert len(record["verdicts"]) == 5
    assert len(record["difference"]["effects"]) == 16


def test_the_record_of_equal_pairs_is_equal(pairs, analysis):
    """Intervals come from a fixed seed."""
    assert build_record(analysis) == build_record(analyse_gap(pairs, RegionSettings(regions=4)))


def test_names_from_outside_are_escaped_in_html(pairs, tmp_path):
    """An encoder's name is no code."""
    evil = analyse_gap(dataclasses.replace(pairs, encoder="<script>"), RegionSettings(regions=4))
    write_analysis(evil, tmp_path)
    assert "<script>" not in (tmp_path / "gap.html").read_text()


def test_an_encoder_without_patches_gets_a_page_that_says_so(rng, unit_rows, build):
    """One finding, and why there is no other."""
    import numpy as np

    rows = unit_rows(rng.normal(size=(30, 4)))
    analysis = analyse_gap(build(unit_rows(rng.normal(size=(30, 4))), rows, np.arange(30)), RegionSettings())
    page = build_page(analysis, ())
    assert len(page.tables) == 1
    assert "cannot be tested" in page.lead[-1]


def test_umap_that_is_not_installed_is_named_with_the_way_to_get_it(analysis, tmp_path, monkeypatch):
    """The extra is optional."""
    import sys

    monkeypatch.setitem(sys.modules, "umap", None)
    with pytest.raises(MissingDependencyError, match=r"zsbench\[umap\]"):
        write_analysis(analysis, tmp_path, umap=True)
