from zsbench.tables.comparison import build_report
from zsbench.tables.frame import build_frame
from zsbench.tables.layout import trim_report
from zsbench_records import difference, failed, four_tasks, record


def test_an_overview_is_one_table_with_its_own_notes():
    """Notes of other sections are left out, its own keep their numbers; the remark says how to see more."""
    report = build_report(build_frame([*four_tasks(p_value=0.01), failed()]))
    trimmed = trim_report(report, "overview")
    assert [section.id for section in trimmed.sections] == ["overview"]
    assert trimmed.sections[0].scores == report.sections[0].scores
    assert trimmed.sections[0].signatures == ()
    assert len(trimmed.notes) == 1 < len(report.notes)
    assert "broken on purpose" in trimmed.notes[trimmed.sections[0].scores.notes[0] - 1]
    assert "--detail scores" in trimmed.remarks[-1]


def test_the_only_task_is_its_own_overview():
    """Without differences and signatures."""
    [section] = trim_report(build_report(build_frame([record("x", differences=[difference()])])), "overview").sections
    assert section.id == "coco"
    assert section.differences is None
    assert section.signatures == ()


def test_scores_have_signatures_and_no_differences():
    """Of every task; full is everything."""
    report = build_report(build_frame(four_tasks(p_value=0.01)))
    trimmed = trim_report(report, "scores")
    assert len(trimmed.sections) == len(report.sections)
    assert all(section.signatures and section.differences is None for section in trimmed.sections)
    assert trim_report(report, "full") == report
