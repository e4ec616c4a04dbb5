"""The same question, five ways: table, compare, gate, report and leaderboard on the same two systems give one answer.

Which is best, whether they differ, by which difference, interval and p-value. The gate asks another question by design,
whether the new system is worse, one-sided and by another test; how its answer relates to theirs is stated below.
"""

from __future__ import annotations

import json

import numpy as np
import pytest

from zsbench.comparison import CompareOptions, compare_pairs, load_run_systems, pair_systems
from zsbench.gate import GateRules, Verdict, judge_run
from zsbench.records import read_cells
from zsbench.report import SiteOptions, build_leaderboard, build_report_pages, plots
from zsbench.report.entries import Entry, group_by_task, newest_entries, read_entries
from zsbench.report.rows import build_board
from zsbench.tables.comparison import build_report
from zsbench.tables.frame import load_frame, name_runs
from zsbench.tables.pairing import compare_with
from zsbench.tables.selection import LABELS, TableChoice, select_rows
from zsbench.tables.summary import summarise
from zsbench_cells import REGISTRY, build_cell, make_metric, reseal, write_run

TASKS = ("fake-task", "other-task")
METRICS = {id_: make_metric(id_) for id_ in ("exact", "words")}
COUNT = 150
SHADES = ["dark", "light"] * (COUNT // 2)

CASES = {
    "equal": 0.0,
    "better": 0.3,
    "worse": -0.3,
    "a little better": 0.035,
    "a little worse": -0.045,
    "better than can be printed": 2e-5,
}
"""How much the exact score of the second system differs from that of the first."""


def cells(captioner, gain, *, told="caption", **changes):
    """The cells of one system on both tasks; questions of two share an image."""
    rng = np.random.default_rng(11)
    found = []
    for task in TASKS:
        noise, own = rng.normal(0.0, 0.15, COUNT), rng.normal(0.0, 0.15, COUNT)
        captions = {str(n): " ".join([told] * (3 + (n % 5 == 0 and gain != 0))) for n in range(COUNT)}
        scores = 0.5 + noise + (gain + own * (abs(gain) > 1e-3) if gain else 0.0)
        result, samples, statistics = build_cell(
            captions, scores, captioner=captioner, task=task, groups=SHADES, **changes
        )
        samples = [sample.model_copy(update={"image": f"image{n // 2}"}) for n, sample in enumerate(samples)]
        found.append((result, samples, statistics))
    return found


class Answers:
    """What every command says of one pair of systems, by task and row."""

    def __init__(self, folder, gain, monkeypatch):
        self.results = folder / "results"
        self.first = write_run(self.results, cells("plain", 0.0), name="first")
        self.second = write_run(self.results, cells("other", gain, told="text"), name="second")
        self.both = write_run(folder / "one", [*cells("other", gain, told="text"), *cells("plain", 0.0)])
        self.renamed = write_run(folder / "renamed", cells("plain", gain, told="text"))
        self.monkeypatch = monkeypatch

    def table(self, **choice):
        runs = [self.first, self.second]
        frame = select_rows(load_frame(runs), TableChoice(**choice))
        frame = compare_with(frame, "plain", name_runs(runs), REGISTRY)
        found = summarise(frame, [label for label in LABELS if label not in {"seed", "run"}])
        return {one.place: one for one in found if one.baseline}

    def table_best(self):
        """Captioner of the bold score of each column of each task's table, None without."""
        frame = compare_with(
            load_frame([self.first, self.second]), "plain", name_runs([self.first, self.second]), REGISTRY
        )
        best = {}
        for section in build_report(frame).sections[1:]:
            table = section.scores
            for place in range(table.labels, len(table.headings)):
                bold = [row[0].text for row in table.rows if row[place].best]
                best[section.id, table.headings[place].line] = bold
        return best

    def compare(self):
        pairs, _ = pair_systems(load_run_systems(self.first), load_run_systems(self.second))
        found = compare_pairs(pairs, METRICS, CompareOptions())
        return {(one.a.task, row.key): row for one in found for row in one.metrics}

    def boards(self):
        entries = newest_entries(read_entries(self.results, make_metric, []))
        return {task: build_board(own, make_metric) for task, own in group_by_task(entries).items()}

    def report(self):
        """Difference, low and high of the forest plot of each task's main metric."""
        drawn = []
        self.monkeypatch.setattr(
            plots, "draw_intervals", lambda rows, label, zero=False: drawn.append(rows) if zero else ""
        )
        entries = [Entry(cell, "run") for cell in read_cells(self.both)]
        tasks = group_by_task(entries)
        for own in tasks.values():
            plots.draw_run(own, make_metric)
        return dict(zip(tasks, (next(iter(rows.values())) for rows in drawn), strict=True))

    def gate(self, **rules):
        new, old = read_cells(self.renamed), read_cells(self.first)
        report = judge_run(new, old, make_metric, GateRules(**rules))
        return {(cell.task, one.metric): one for cell in report.cells for one in cell.judgements}


@pytest.fixture(params=CASES)
def answers(request, tmp_path, monkeypatch):
    return Answers(tmp_path, CASES[request.param], monkeypatch)


def row_of(place):
    """Task and row key of a place of a table."""
    task, metric, grouping, group = place
    return task, f"{metric}@{grouping}={group}" if grouping else metric


def test_table_and_compare_ask_the_same_rows_and_agree_to_the_last_digit(answers):
    """Difference, standard error, interval, p-value, corrected p-value and verdict."""
    table, compared = answers.table(), answers.compare()
    assert {row_of(place) for place in table} == set(compared)
    assert len(table) == 2 * (2 + 2)
    for place, one in table.items():
        other = compared[row_of(place)]
        assert one.found == other.found
        assert (one.p_value, one.corrected, one.significant) == (other.p_value, other.corrected, other.significant)


def test_the_report_draws_the_difference_and_the_interval_of_the_table(answers):
    """Of the main metric."""
    table = answers.table()
    for task, drawn in answers.report().items():
        found = table[task, "exact", "", ""].found
        assert drawn == pytest.approx([100 * found.difference, 100 * found.low, 100 * found.high], abs=1e-12)


def test_the_leaderboard_ends_a_group_where_the_table_of_its_question_has_a_mark(answers):
    """Its family is the main metric of one task, so the table of that metric and task gives its answer."""
    for task, board in answers.boards().items():
        [asked] = [one for place, one in answers.table(tasks=(task,), metrics=("exact",)).items() if not place[2]]
        family = answers.table(tasks=(task,), metrics=("exact",))
        alone = asked.p_value < 0.05
        assert (len({row.group for row in board.rows}) == 2) is alone
        assert asked.significant <= alone
        assert len(family) == 3


def test_the_same_system_is_best_everywhere(answers):
    """Bold in the table and on the leaderboard, and ahead in a comparison; none where scores print alike."""
    bold, compared = answers.table_best(), answers.compare()
    for task, board in answers.boards().items():
        for place, column in enumerate(board.columns):
            best = {row.captioner for row in board.rows if row.scores[place].best}
            row = compared[task, column.key]
            ahead = {"other"} if row.found.difference > 0 else {"plain"}
            assert best == (set() if round(abs(row.found.difference * row.factor), 2) == 0 else ahead)
            title = column.title if "@" not in column.key else f"Exact {column.title.removeprefix('Exact ')}"
            found = bold.get((task, title), bold.get((task, f"{title} entire")))
            assert found is None or set(found) == best


def test_the_gate_measures_the_same_drop_and_fails_only_for_what_the_table_marks(answers):
    """One-sided: it never fails for a gain; asked of one metric alone, it fails or warns where a drop is marked."""
    table = answers.table()
    for (task, metric), one in answers.gate(metrics=["exact"], tolerance=0.5).items():
        seen = table[task, metric, "", ""]
        assert one.finding.difference == pytest.approx(seen.found.difference, abs=1e-12)
        dropped = one.verdict in {Verdict.FAIL, Verdict.WARN}
        assert dropped == (seen.p_value < 0.05 and seen.found.difference < 0)


def test_another_version_of_zsbench_changes_no_answer(tmp_path, monkeypatch):
    """Table, compare, gate and leaderboard compare scores of two versions; table and compare tell of them."""
    answers = Answers(tmp_path, 0.3, monkeypatch)
    before = answers.table()
    for run in (answers.second, answers.renamed):
        for path in run.glob("cells/*/result.json"):
            rows = json.dumps(json.loads(path.read_text("utf-8"))["metrics"])
            reseal(path, metrics=json.loads(rows.replace("zsbench:0.1", "zsbench:9.9")))
    after = answers.table()
    assert [one.found for one in after.values()] == [one.found for one in before.values()]
    assert all(one.significant for one in answers.compare().values() if one.key == "exact")
    assert {row.group for board in answers.boards().values() for row in board.rows} == {1, 2}
    assert {one.verdict for one in answers.gate().values()} == {Verdict.PASS}
    frame = compare_with(
        load_frame([answers.first, answers.second]), "plain", name_runs([answers.first, answers.second]), REGISTRY
    )
    report = build_report(frame)
    assert any("zsbench 0.1 and 9.9" in remark for remark in report.remarks)


def test_an_upper_bound_is_first_nowhere(tmp_path):
    """A table and a leaderboard leave it out of the best; a leaderboard ranks it below what competes."""
    bound = ["reference captions of the very image: an upper bound"]
    run = write_run(tmp_path, [*cells("plain", 0.0), *cells("low", -0.2), *cells("oracle", 0.4, data_used=bound)])
    entries = [Entry(cell, "run") for cell in read_cells(run)]
    for own in group_by_task(entries).values():
        board = build_board(own, make_metric)
        assert [(row.captioner, row.group) for row in board.rows] == [("plain", 1), ("low", 2), ("oracle", 0)]
        assert [row.scores[0].best for row in board.rows] == [True, False, False]
        assert "upper bound" in board.rows[-1].note
    for section in build_report(load_frame([run])).sections:
        assert [row[0].text for row in section.scores.rows if row[-1].best] in ([], ["plain"])


def test_a_captioner_that_saw_pairs_is_never_best_of_those_that_did_not(tmp_path):
    """A column and a footnote say so, in tables and on the leaderboard."""
    run = write_run(tmp_path, [*cells("plain", 0.0), *cells("low", -0.2), *cells("taught", 0.4, supervision="paired")])
    frame = load_frame([run])
    frame["supervision"] = frame["captioner"].map({"taught": "paired"}).fillna("text")
    report = build_report(frame)
    table = report.sections[1].scores
    assert "Supervision" in [heading.text for heading in table.headings]
    assert [row[0].text for row in table.rows if row[table.labels].best] == ["plain"]
    assert "supervision: paired; not zero-shot, and never best of a column." in report.notes
    entries = [Entry(cell, "run") for cell in read_cells(run)]
    for own in group_by_task(entries).values():
        last = build_board(own, make_metric).rows[-1]
        assert (last.captioner, last.facts["Supervision"], "not zero-shot" in last.note) == ("taught", "paired", True)


def test_a_failed_comparison_is_told_everywhere(tmp_path):
    """By the table, a comparison, a report and a leaderboard, of the record alone."""
    told = "RuntimeError: broken on purpose"
    run = write_run(tmp_path / "results", [*cells("plain", 0.0), *cells("other", 0.3, comparison_failed=told)])
    assert any(told in note for note in build_report(load_frame([run])).notes)
    [system, *_] = [one for one in load_run_systems(run) if one.name.startswith("other")]
    assert any(told in label for label in system.cells[0].labels)
    for build, source in ((build_leaderboard, run.parent), (build_report_pages, run)):
        options = SiteOptions(tmp_path / build.__name__, REGISTRY, tmp_path / "cache", images=False)
        assert f"not compared with the baseline: {told}" in build(source, options).index.read_text("utf-8")
