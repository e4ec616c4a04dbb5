"""Rows of a leaderboard: seeds together, groups by significance, nothing compared that must not be."""

from __future__ import annotations

import math

import pytest

from zsbench.records import read_cells
from zsbench.report.entries import Entry, name_file, newest_entries
from zsbench.report.rows import build_board, find_candidates
from zsbench_cells import build_cell, captions_of, make_metric, scores_of, write_run


@pytest.fixture
def board(tmp_path):
    """The board of some cells."""

    def _board(*cells):
        run = write_run(tmp_path, cells)
        return build_board([Entry(cell, "run") for cell in read_cells(run)], make_metric)

    return _board


def cell(name, good, **changes):
    count = 100
    return build_cell(
        captions_of(count), scores_of(count, good=good, seed=changes.get("seed", 0)), captioner=name, **changes
    )


def test_groups_end_where_a_system_differs_from_the_first(board):
    """Equal systems share a group, whatever the order of the records."""
    found = board(cell("low", 0.2), cell("high", 0.9), cell("twin", 0.9), cell("middle", 0.5))
    assert [(row.label, row.group) for row in found.rows] == [("high", 1), ("twin", 1), ("middle", 2), ("low", 3)]


def test_the_best_of_each_column_is_marked(board):
    """Only among several, and not where all are alike."""
    found = board(cell("low", 0.2), cell("high", 0.9))
    assert [[score.best for score in row.scores] for row in found.rows] == [[True, False], [False, False]]
    assert not any(score.best for score in board(cell("alone", 0.5)).rows[0].scores)


def test_seeds_are_one_row_with_the_mean_and_the_hull(board):
    """A row says which seeds it holds."""
    found = board(cell("a", 0.2), cell("a", 0.4, seed=1))
    [row] = found.rows
    assert row.facts["Seeds"] == "0, 1"
    score = row.scores[0]
    assert score.value == pytest.approx(30, abs=1)
    assert score.low < 20
    assert score.high > 40


def test_other_signatures_stand_apart(board):
    """No group, no medal, and the reason."""
    found = board(cell("a", 0.5), cell("b", 0.4), cell("other", 0.9, references="bb"))
    other = next(row for row in found.rows if row.label == "other")
    assert (other.group, "do not compare" in other.note, any(s.best for s in other.scores)) == (0, True, False)


def test_facts_say_what_a_system_is_made_of(board):
    """Encoder, language model, training text, candidates, speed."""
    facts = board(cell("a", 0.5)).rows[0].facts
    assert facts["Encoder"] == "fake encoder"
    assert facts["LM"] == "fake lm"
    assert facts["Train text"] == "fake-corpus"
    assert facts["Candidates"] == "4"
    assert (facts["Examples/s"], facts["s/batch"]) == ("≥ 50.0", "–")
    assert facts["Source"] == "measured"


def test_speed_is_that_of_batches_where_they_were_timed(board):
    """Over all seeds; a record without times of batches makes the rate a lower bound."""
    timing = {"batch_size": 32, "examples": 100, "seconds": 0.5, "median_batch_seconds": 0.1625}
    facts = (
        board(cell("a", 0.5, timing=timing), cell("a", 0.5, seed=1, timing={**timing, "seconds": 1.5})).rows[0].facts
    )
    assert (facts["Examples/s"], facts["s/batch"]) == ("100.0", "0.163 of 32")
    mixed = board(cell("a", 0.5, timing=timing), cell("a", 0.5, seed=1)).rows[0].facts
    assert mixed["Examples/s"] == "≥ 50.0"


def test_groups_of_the_card_have_columns_and_metrics_without_scores_have_none(board):
    """The reason is kept."""
    shades = ["dark", "light"] * 50
    found = board(cell("a", 0.5, groups=shades, not_run=["words"]))
    assert [column.title for column in found.columns] == ["Exact", "Exact dark", "Exact light"]
    assert found.not_run == {"Words": "no program"}


def test_a_board_without_a_score_is_still_a_board(board):
    """Every metric was not run."""
    found = board(cell("a", 0.5, not_run=["exact", "words"]))
    assert math.isnan(found.rows[0].scores[0].value)
    assert found.span == (0.0, 1.0)


def test_the_newest_record_of_a_cell_counts(tmp_path):
    """Later entries replace earlier ones."""
    [one] = read_cells(write_run(tmp_path, [cell("a", 0.5)]))
    first, second = Entry(one, "first"), Entry(one, "second")
    assert newest_entries([first, second]) == [second]


def test_candidates_are_found_wherever_settings_have_them():
    """Or a dash."""
    assert find_candidates({"a": {"b": 1}, "inference": {"candidates": 16}}) == "16"
    assert find_candidates({}) == "–"


def test_names_become_one_plain_file_name_each():
    """Different names never share a file."""
    assert name_file("maccap-1.0") == "maccap-1.0"
    made = {name_file(name) for name in ("a/b", "a-b", "../a", "a b", "<a>", "ü", "x" * 300)}
    assert len(made) == 7
    assert all("/" not in name and not name.startswith(".") and len(name) < 100 for name in made)


def test_published_numbers_stand_below_what_was_measured(tmp_path):
    """With their source, without group, interval or best score; those of other tasks are not shown."""
    import datetime as dt

    from zsbench.reported import ReportedRow, ReportedSource

    source = ReportedSource(title="A paper", kind="paper", where="doi:1", read=dt.date(2026, 1, 1))
    fields = {"method": "PaperCap", "corpus": None, "table": "Table 1", "run_by": "authors", "source": source}
    rows = [
        ReportedRow(task="fake-task", scores={"exact": 99.0}, **fields),
        ReportedRow(task="other", scores={"exact": 1.0}, **fields),
    ]
    run = write_run(tmp_path, [cell("a", 0.5, split_remark="only 100 examples"), cell("b", 0.2)])
    found = build_board([Entry(one, "run") for one in read_cells(run)], make_metric, rows)
    last = found.rows[-1]
    assert [row.label for row in found.rows] == ["a", "b", "PaperCap"]
    assert (last.measured, last.group, last.scores[0].value, last.scores[0].best) == (False, 0, 99.0, False)
    assert last.facts["Source"] == "reported: A paper, Table 1"
    assert "official split" in last.note
    assert found.remark == "only 100 examples"
