"""The decision: what fails, what warns, what cannot be told, and what passes."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from zsbench.errors import IncomparableError, UnknownIdError
from zsbench.gate import GateRules, Verdict, judge_run
from zsbench.records import read_cells
from zsbench.records.origin import Origin
from zsbench_cells import build_cell, captions_of, make_metric, scores_of, write_run


@pytest.fixture
def judge(tmp_path):
    """Judge cells against a run without a change."""

    def _judge(new, old=None, **rules):
        old = old if old is not None else [build_cell(captions_of(200), scores_of(200))]
        run, baseline = write_run(tmp_path / "new", new), write_run(tmp_path / "old", old)
        return judge_run(read_cells(run), read_cells(baseline), make_metric, GateRules(**rules))

    return _judge


def worse(count, total=200, **scores):
    """A cell in which so many captions got worse."""
    lost = range(count)
    return build_cell(captions_of(total, worse=lost), scores_of(total, worse=lost, **scores))


def judgement(report, metric="exact"):
    return next(one for one in report.cells[0].judgements if one.metric == metric)


def test_no_changed_caption_passes_without_a_test(judge):
    """The first line of a gate is also its fastest."""
    report = judge([build_cell(captions_of(200), scores_of(200))])
    assert (report.verdict, report.exit_code, report.tests, report.cells[0].changed) == (Verdict.PASS, 0, 0, 0)


def test_many_worse_captions_fail_with_drop_and_bounds(judge):
    """Ten per cent of the captions lost four fifths of their score."""
    report = judge([worse(20)], metrics=["exact"])
    found = judgement(report)
    assert (report.exit_code, found.verdict, report.cells[0].changed) == (1, Verdict.FAIL, 20)
    assert found.finding.difference == pytest.approx(found.new - found.old)
    assert found.finding.lower < found.finding.difference < found.finding.upper < 0
    assert [example.change < 0 for example in report.cells[0].worst] == [True] * 5


def test_a_significant_drop_within_the_tolerance_warns(judge):
    """Warnings let a gate pass."""
    report = judge([worse(20)], metrics=["exact"], tolerance=20)
    assert (report.exit_code, judgement(report).verdict) == (0, Verdict.WARN)


def test_a_sample_too_small_is_inconclusive_and_says_how_many_would_do(judge):
    """One of ten captions lost everything: nobody can know."""
    old = [build_cell(captions_of(10), scores_of(10))]
    report = judge([worse(1, 10)], old, metrics=["exact"])
    found = judgement(report)
    assert (report.exit_code, found.verdict) == (3, Verdict.INCONCLUSIVE)
    assert found.needed == math.ceil(10 * (found.detectable / found.tolerance) ** 2) > 10


def test_better_captions_pass(judge):
    """A gate is one-sided."""
    better = build_cell(captions_of(200, worse=range(40)), scores_of(200, worse=range(40), bad=1.0))
    assert judge([better], metrics=["exact"]).verdict == Verdict.PASS


def test_changed_captions_of_equal_worth_pass(judge):
    """Other words for the same score are no regression."""
    same = build_cell(captions_of(200, worse=range(30)), scores_of(200))
    assert judge([same], metrics=["exact"]).exit_code == 0


def test_p_values_are_corrected_over_all_cells_and_metrics(judge):
    """Holm's family is the whole gate."""
    new, old = [], []
    for number in range(4):
        new.append(build_cell(captions_of(200, worse=range(6)), scores_of(200, worse=range(6)), captioner=f"c{number}"))
        old.append(build_cell(captions_of(200), scores_of(200), captioner=f"c{number}"))
    report = judge(new, old)
    assert report.tests == 8
    for cell in report.cells:
        for one in cell.judgements:
            assert one.adjusted >= one.finding.p_value
    smallest = min(one.finding.p_value for cell in report.cells for one in cell.judgements)
    assert min(one.adjusted for cell in report.cells for one in cell.judgements) == pytest.approx(8 * smallest)


def test_a_gate_of_many_tests_can_still_fail(judge):
    """There are as many exchanges as the correction over six hundred tests needs."""
    names = [f"c{number}" for number in range(300)]
    old = [build_cell(captions_of(30), scores_of(30), captioner=name) for name in names]
    lost = range(25)
    new = [build_cell(captions_of(30, worse=lost), scores_of(30, worse=lost), captioner=names[0])]
    new += [build_cell(captions_of(30, worse=[0]), scores_of(30), captioner=name) for name in names[1:]]
    report = judge(new, old)
    assert report.tests == 600
    assert judgement(report).verdict == Verdict.FAIL


def test_a_score_that_is_not_a_number_fails(judge):
    """NaN is never a pass."""
    values = scores_of(200, worse=[0])
    values[0] = np.nan
    report = judge([build_cell(captions_of(200, worse=[0]), values)], metrics=["exact"])
    assert (report.exit_code, judgement(report).reason) == (1, "The score is NaN.")


def test_a_baseline_that_is_not_a_number_is_inconclusive(judge):
    """Nothing can be compared with it."""
    values = scores_of(200)
    values[0] = np.nan
    report = judge([worse(5)], [build_cell(captions_of(200), values)], metrics=["exact"])
    assert report.exit_code == 3


def test_a_metric_that_was_not_run_is_inconclusive(judge):
    """A machine without the program does not let a regression through."""
    new = build_cell(captions_of(200, worse=[1]), scores_of(200), not_run=["exact"])
    report = judge([new], metrics=["exact"])
    assert (report.exit_code, "no program" in judgement(report).reason) == (3, True)


def test_a_failed_cell_fails(judge):
    """Its reason is told."""
    result, samples, _ = build_cell(
        captions_of(200), scores_of(200), status="failed", reason="out of memory", metrics=[]
    )
    report = judge([(result, samples, None)])
    assert (report.exit_code, report.cells[0].reason) == (1, "The cell failed: out of memory")


def test_images_that_became_unreadable_fail(judge):
    """Leaving examples out would hide them."""
    lost = [{"id": "7", "reason": "truncated"}]
    report = judge([build_cell(captions_of(200), scores_of(200), unreadable=lost)])
    assert report.exit_code == 1
    assert "1 images cannot be read, first: 7" in report.cells[0].reason


def test_a_cell_that_vanished_is_inconclusive(judge):
    """A captioner that is no longer run has not passed."""
    old = [build_cell(captions_of(9), scores_of(9), captioner=name) for name in ("fake", "gone")]
    report = judge([build_cell(captions_of(9), scores_of(9))], old)
    assert (report.exit_code, report.cells[1].verdict) == (3, Verdict.INCONCLUSIVE)
    assert judge([build_cell(captions_of(9), scores_of(9))], old, captioners=["fake"]).exit_code == 0


def of_matrix(name):
    return Origin.model_validate({"matrix": {"name": name}})


@pytest.mark.parametrize(("theirs", "code"), [("selectors", 0), ("main", 3), ("", 3)])
def test_a_cell_of_another_matrix_is_not_missed(tmp_path, theirs, code):
    """Baselines of several matrices lie in one folder; each run is held to those of its own."""
    cells = [build_cell(captions_of(9), scores_of(9), captioner=name) for name in ("fake", "other")]
    run = read_cells(write_run(tmp_path / "new", cells[:1]))
    baseline = read_cells(write_run(tmp_path / "old", cells))
    run = [replace(cell, run=of_matrix("main")) for cell in run]
    baseline = [replace(cell, run=of_matrix(name)) for cell, name in zip(baseline, ("main", theirs), strict=True)]
    assert judge_run(run, baseline, make_metric, GateRules()).exit_code == code


def test_a_new_cell_is_noted(judge):
    """It has nothing to be compared with yet."""
    new = [build_cell(captions_of(200), scores_of(200), captioner=name) for name in ("fake", "young")]
    assert judge(new).notes == ("young__fake-task__seed0 has no baseline yet; `--update-baseline` writes one.",)


def test_a_gate_that_would_look_at_nothing_is_refused(judge):
    """No common cell is a mistake, not a pass."""
    with pytest.raises(IncomparableError, match="No cell"):
        judge([build_cell(captions_of(9), scores_of(9), captioner="other")])


@pytest.mark.parametrize(
    "rules",
    [{"captioners": ["fake", "fkae"]}, {"tasks": ["fake-taks"]}, {"metrics": ["exct"]}, {"tolerances": {"exct": 1}}],
)
def test_a_gate_does_not_look_past_a_mistyped_name(judge, rules):
    """It would pass for ever."""
    with pytest.raises(UnknownIdError, match="Did you mean"):
        judge([build_cell(captions_of(200), scores_of(200))], **rules)


def test_a_baseline_that_failed_is_no_baseline(judge):
    """Its cell counts as new."""
    result, samples, _ = build_cell({}, [], captioner="b", status="failed", reason="x", metrics=[])
    old = [build_cell(captions_of(9), scores_of(9)), (result, samples, None)]
    new = [build_cell(captions_of(9), scores_of(9), captioner=name) for name in ("fake", "b")]
    report = judge(new, old)
    assert (report.exit_code, len(report.cells), "no baseline yet" in report.notes[0]) == (0, 1, True)


def test_equal_captions_with_other_scores_are_refused(judge):
    """Then the metric changed."""
    with pytest.raises(IncomparableError) as caught:
        judge([build_cell(captions_of(200), scores_of(200, good=0.8))])
    assert caught.value.field == "statistics"


def test_groups_are_gated_where_asked(judge):
    """A drop in one group alone is named with the group."""
    shades = ["dark", "light"] * 100
    lost = range(0, 40, 2)
    old = [build_cell(captions_of(200), scores_of(200), groups=shades)]
    new = [build_cell(captions_of(200, worse=lost), scores_of(200, worse=lost), groups=shades)]
    assert {one.group for one in judge(new, old).cells[0].judgements} == {None}
    found = {one.label: one.verdict for one in judge(new, old, groups=True, metrics=["exact"]).cells[0].judgements}
    assert found == {"Exact": Verdict.FAIL, "Exact (dark)": Verdict.FAIL, "Exact (light)": Verdict.PASS}


def test_the_same_gate_twice_says_the_same(judge):
    """Draws come from names, not from the clock."""
    one, two = (judgement(judge([worse(9)])).finding for _ in range(2))
    assert one == two
