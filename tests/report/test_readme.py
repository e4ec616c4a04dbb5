"""Tables of committed baselines: written between marks, equal each time, up to date in this repository."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from zsbench.errors import CorruptDataError
from zsbench.report.readme import BEGIN, END, write_readme
from zsbench_cells import make_metric

ROOT = Path(__file__).parents[2]


def test_tables_stand_between_the_marks(results):
    """What people wrote around them stays; a second time nothing changes."""
    path = results / "README.md"
    path.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n", encoding="utf-8")
    assert write_readme(results, make_metric)
    text = path.read_text(encoding="utf-8")
    assert text.startswith(f"before\n{BEGIN}\n")
    assert text.endswith(f"{END}\nafter\n")
    assert re.search(r"^\| 1 \| old-faithful \| [56]\d\.\d \[", text, re.MULTILINE)
    assert "- Exact: `Exact|tok:none" in text
    assert "old\n" not in text.replace("old-faithful", "")
    assert not write_readme(results, make_metric)


def test_a_folder_without_baselines_says_so(tmp_path):
    """A README is made where there is none."""
    assert write_readme(tmp_path, make_metric)
    assert "No baseline is committed yet." in (tmp_path / "README.md").read_text()


def test_a_readme_without_marks_is_left_alone(results):
    """Nothing is written where nobody asked for it."""
    (results / "README.md").write_text("mine")
    with pytest.raises(CorruptDataError, match="marks"):
        write_readme(results, make_metric)
    assert (results / "README.md").read_text() == "mine"


def test_the_tables_of_this_repository_are_up_to_date(tmp_path):
    """Made again from the committed baselines, they are the same; every checksum is compared on the way."""
    import shutil

    from zsbench.interfaces import MetricSpec
    from zsbench.plugins import load_plugins
    from zsbench.registry import load_object

    copy = tmp_path / "results"
    copy.mkdir()
    shutil.copy(ROOT / "results" / "README.md", copy)
    if (ROOT / "results" / "baselines").is_dir():
        shutil.copytree(ROOT / "results" / "baselines", copy / "baselines")
    registry = load_plugins().registry
    assert not write_readme(copy, lambda id_: load_object(registry.get(MetricSpec, id_).factory)())
