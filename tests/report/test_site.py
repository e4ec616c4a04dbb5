"""Pages from records: everything is there, everything is escaped, nothing is fetched."""

from __future__ import annotations

import json
import re

import pytest

from zsbench.errors import MissingDataError
from zsbench.report import build_leaderboard, build_report_pages
from zsbench.report.pages import PAGE_LIMIT
from zsbench.report.site import flatten
from zsbench_cells import reseal


@pytest.fixture
def site(results, options):
    """The pages of the results, by path."""
    build_leaderboard(results, options)
    return {str(path.relative_to(options.output)): path for path in options.output.rglob("*") if path.is_file()}


def read(site, name):
    return site[name].read_text(encoding="utf-8")


def test_every_kind_of_page_is_there(site):
    """A table, samples, a page a run, a page a captioner."""
    names = set(site)
    assert {"index.html", "samples/fake-task.html", "data/fake-task.js", "assets/viewer.js"} <= names
    assert sum(name.startswith("runs/") for name in names) == 2
    assert sum(name.startswith("captioners/") for name in names) == 4
    assert sum(name.startswith("images/") for name in names) == 10


def test_the_table_has_a_row_a_system_best_first(site):
    """Seeds stand together; the failed cell is told below."""
    text = read(site, "index.html")
    rows = re.findall(r'<th scope="row" class="name"><a [^>]*>(.*?)</a>', text)
    assert rows == ["&lt;script&gt;new&lt;/script&gt;", "old-faithful", "lazy"]
    assert ">0, 1</td>" in text
    assert "&lt;b&gt;no&lt;/b&gt; memory" in text


def test_nothing_of_a_record_is_markup(site):
    """Captions, names and reasons are text in every page and script."""
    for name, path in site.items():
        if name.endswith(".html"):
            text = path.read_text(encoding="utf-8")
            assert "onerror=" not in text.replace("&#34;", '"').split("<main")[0]
            assert "<script>new" not in text
            assert "<img src=x" not in text
        if name.startswith("data/"):
            assert "<" not in path.read_text(encoding="ascii")


def test_no_page_asks_another_site(site):
    """Every reference is relative and exists."""
    for name, path in site.items():
        if not name.endswith(".html"):
            continue
        for link in re.findall(r'(?:href|src)="([^"#]+)', path.read_text(encoding="utf-8")):
            if not link.startswith("data:"):
                assert "//" not in link
                assert (path.parent / link).resolve().is_file(), (name, link)


def test_history_shows_every_revision(site):
    """Oldest to newest in the chart, newest first in the table."""
    text = read(site, "captioners/old-faithful.html")
    assert re.findall(r'<th scope="row">(?:<a [^>]*>)?(\d+)(?:</a>)?</th>', text) == ["2" * 12, "1" * 12]
    assert "<svg" in text


def test_a_run_page_has_provenance_and_signatures(site):
    """What one needs to trust a number."""
    [name] = [name for name in site if name.startswith("runs/2") and "-run" in name]
    text = read(site, name)
    assert "a processor" in text
    assert "Exact|tok:none|refs:all:aa" in text
    assert "&lt;b&gt;no&lt;/b&gt; memory" in text


def test_samples_are_loaded_a_system_at_a_time(site):
    """Predictions are by place of the example, with per-image scores in printed points."""
    facts = json.loads(re.search(r'id="facts">(.*?)</script>', read(site, "samples/fake-task.html")).group(1))
    assert facts["groupings"] == {"shade": ["bright", "dark"]}
    assert [metric["title"] for metric in facts["metrics"]] == ["Exact", "Words"]
    examples = json.loads(re.fullmatch(r'zsbenchData\("examples",(.*)\);\n', read(site, "data/fake-task.js")).group(1))
    assert {example["id"] for example in examples} >= {"red", "green"}
    odd = next(s for s in facts["systems"] if "new" in s["label"])
    system = json.loads(read(site, f"data/{odd['file']}").partition(",")[2].removesuffix(");\n"))
    assert len(system["predictions"]) == len(examples)
    assert any("onerror" in text for text in system["predictions"])


def test_data_that_are_not_here_are_no_reason_to_stop(results, options, tmp_path):
    """Pages come without images, and say so."""
    elsewhere = type(options)(options.output, options.registry, options.cache, data_root=str(tmp_path / "nowhere"))
    summary = build_leaderboard(results, elsewhere)
    assert "Images and references are not shown" in summary.remarks[0]
    assert "Images and references are not shown" in (options.output / "samples" / "fake-task.html").read_text()


def test_an_image_that_cannot_be_read_is_counted(results, options):
    """The others are shown."""
    build_leaderboard(results, options)
    next(options.cache.rglob("red.png")).write_bytes(b"no image")
    from zsbench.gate.tasks import open_task
    from zsbench.records import read_cells
    from zsbench.report.media import collect_media

    [cell, *_] = read_cells(results / "latest")
    task = open_task(cell, options.registry, options.cache)
    (options.cache / "fresh").mkdir()
    next(options.cache.rglob("red.png")).write_bytes(b"no image")
    media = collect_media(lambda: task, {"red", "blue"}, options.cache / "fresh")
    assert (set(media.images), media.remark) == ({"blue"}, "1 images could not be read and are not shown.")


def test_a_report_has_plots_and_samples(results, options):
    """Scores, differences, groups, lengths, values."""
    summary = build_report_pages(results / "latest", options)
    text = summary.index.read_text(encoding="utf-8")
    titles = re.findall(r"<figcaption>(.*?)</figcaption>", text)
    assert titles == [
        "Exact with 95 % intervals",
        "Pairwise differences in Exact",
        "Exact by shade",
        "Length of captions",
        "Exact of single examples",
    ]
    assert (options.output / "samples" / "fake-task.html").is_file()
    assert summary.index.stat().st_size < PAGE_LIMIT


def test_a_strangers_record_opens_no_folder_and_no_file(results, options, tmp_path):
    """Data root and settings of a record choose nothing that is not registered."""
    private = tmp_path / "private"
    private.mkdir()
    for data_root in (str(private), "../private", "private"):
        for run in results.glob("*/run.json"):
            matrix = {"data_root": data_root, "task_settings": {"fake-task": {"folder": str(private)}}}
            reseal(run, matrix=matrix)
        for baseline in results.glob("baselines/*/baseline.json"):
            reseal(baseline, run={"matrix": matrix, "provenance": {}})
        remarks = build_leaderboard(results, options).remarks
        assert any("Images and references are not shown" in remark for remark in remarks)


def test_records_that_are_damaged_are_told_and_the_rest_is_built(results, options):
    """A score of 99 that its statistics do not give is not shown."""
    path = next(path for path in results.glob("*/cells/lazy__*seed0/result.json") if "latest" not in str(path))
    rows = json.loads(path.read_text("utf-8"))["metrics"]
    reseal(path, metrics=[{**rows[0], "score": 99.0}, *rows[1:]])
    summary = build_leaderboard(results, options)
    assert any("tells Exact 9900, and its statistics give" in remark for remark in summary.remarks)
    assert "9900" not in (options.output / "index.html").read_text(encoding="utf-8")


def test_a_folder_without_records_is_refused(tmp_path, options):
    """It says what to run first."""
    with pytest.raises(MissingDataError, match="zsbench run"):
        build_leaderboard(tmp_path, options)


def test_provenance_is_flattened_for_people():
    """Plugins by their names; what is empty is left out."""
    found = flatten(
        {"a": {"b": 1, "c": None}, "plugins": [{"name": "x", "used": ["y", "z"]}], "list": [1, 2], "none": []}
    )
    assert found == {"a.b": "1", "plugins.x.name": "x", "plugins.x.used": "y, z", "list": "1, 2"}
