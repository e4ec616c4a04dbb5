"""Published numbers: the shipped ones are sound and have a source; anything else is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from zsbench.builtins import METRICS
from zsbench.errors import CorruptDataError, MissingDataError
from zsbench.reported import MAX_BYTES, read_reported, read_reported_file

SHIPPED = sorted((Path(__file__).parent.parent / "results" / "reported").glob("*.yaml"))


@pytest.fixture
def content():
    """One source with two rows."""
    row = {"method": "M", "task": "t-test", "corpus": "c", "scores": {"cider-d": 50.1}, "table": "2", "run_by": "x"}
    source = {"title": "A paper", "kind": "paper", "where": "https://x.y/z.pdf", "read": "2026-01-31"}
    return {"source": source, "rows": [row, {**row, "corpus": None}]}


@pytest.fixture
def write(tmp_path):
    """Writes a file of a name."""

    def _write(content, name="a-paper"):
        path = tmp_path / f"{name}.yaml"
        path.write_text(content if isinstance(content, str) else yaml.safe_dump(content), encoding="utf-8")
        return path

    return _write


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_a_shipped_file_is_sound_and_every_number_has_a_source(path):
    """A title, a place to look it up, a table, who ran it, and metrics that the core knows."""
    rows = read_reported_file(path)

    assert rows
    for row in rows:
        assert row.source.title
        assert row.source.where.startswith("https://")
        assert row.table
        assert row.run_by
        assert row.scores
        assert set(row.scores) <= set(METRICS)


def test_the_shipped_folder_holds_one_source_a_file():
    """No source is told in two files, and no number of one source twice."""
    titles = [read_reported_file(path)[0].source.title for path in SHIPPED]

    assert len(set(titles)) == len(titles) == len(SHIPPED) > 1
    assert len(read_reported(SHIPPED[0].parent)) == sum(len(read_reported_file(path)) for path in SHIPPED)


def test_rows_are_flat_and_in_the_order_of_their_files(content, write, tmp_path):
    """Files by name, rows as they stand, each with its whole source."""
    write({**content, "source": {**content["source"], "title": "Another"}}, "b")
    write(content, "a")

    rows = read_reported(tmp_path)

    assert [(row.source.title, row.corpus) for row in rows] == [
        ("A paper", "c"),
        ("A paper", None),
        ("Another", "c"),
        ("Another", None),
    ]
    assert rows[0].scores == {"cider-d": 50.1}
    assert (rows[0].group, rows[0].backbone, rows[0].notes) == (None, None, "")


@pytest.mark.parametrize("key", ["title", "kind", "where", "read"])
def test_a_source_that_lacks_something_is_refused(content, write, key):
    """Numbers without a source cannot be looked up."""
    del content["source"][key]

    with pytest.raises(CorruptDataError, match=rf"source\.{key}"):
        read_reported_file(write(content))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"scores": {}}, "scores"),
        ({"scores": {"cider-d": -1}}, "no printed score"),
        ({"scores": {"cider-d": 1000}}, "no printed score"),
        ({"scores": {"cider-d": float("nan")}}, "no printed score"),
        ({"scores": {"cider-d": "high"}}, "scores"),
        ({"task": "Flickr 30k"}, "task"),
        ({"group": "in-domain"}, "stand together"),
        ({"method": ""}, "method"),
        ({"run_by": ""}, "run_by"),
        ({"cider": 3}, "cider"),
    ],
)
def test_a_wrong_field_is_named(content, write, change, words):
    """With the row it stands in."""
    content["rows"][1] |= change

    with pytest.raises(CorruptDataError, match=words) as caught:
        read_reported_file(write(content))

    assert "rows.1" in caught.value.found


def test_a_row_without_a_corpus_says_so(content, write):
    """`corpus: null` is a statement; its absence is an oversight."""
    del content["rows"][0]["corpus"]

    with pytest.raises(CorruptDataError, match=r"rows\.0\.corpus"):
        read_reported_file(write(content))


def test_one_number_told_twice_is_refused(content, write):
    """Which of the two would a table show?"""
    content["rows"].append({**content["rows"][0], "scores": {"cider-d": 51.0}})

    with pytest.raises(CorruptDataError, match=r"rows\[2\] tells cider-d of M on t-test again"):
        read_reported_file(write(content))


@pytest.mark.parametrize("text", ["", "[1, 2]", "source: [", "!!python/object/apply:os.getcwd []", "[" * 60_000])
def test_what_is_no_such_file_is_refused(write, text):
    """Empty, mis-shaped, unsafe or nested files are errors that name the file."""
    path = write(text)

    with pytest.raises(CorruptDataError, match="does not hold reported rows") as caught:
        read_reported_file(path)

    assert caught.value.path == str(path)


def test_a_file_that_is_too_large_is_not_parsed(content, write):
    """A sound file behind a long comment is refused for its size alone."""
    path = write(f"# {'x' * MAX_BYTES}\n{yaml.safe_dump(content)}")

    with pytest.raises(CorruptDataError, match=f"at most {MAX_BYTES} are read"):
        read_reported_file(path)


def test_a_folder_that_is_not_there_is_told(tmp_path):
    """With the place where a checkout has it."""
    with pytest.raises(MissingDataError, match="results/reported"):
        read_reported(tmp_path / "nowhere")


def test_a_missing_file_is_told(tmp_path):
    """Not as a traceback."""
    with pytest.raises(CorruptDataError, match="cannot be read"):
        read_reported_file(tmp_path / "nowhere.yaml")
