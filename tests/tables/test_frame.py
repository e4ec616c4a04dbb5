import math

import pytest

from zsbench.tables.frame import COLUMNS, build_frame, name_runs
from zsbench_records import difference, failed, metric, nocaps, record

RECORD = record(
    metrics=[metric(score=0.7), metric("spice", None, None, not_run="no models")],
    cell={"seed": 1, "variant": "candidates=2"},
    differences=[difference(value=0.1, p_value=0.04, baseline="base")],
    data_used=["images", "more"],
    unreadable=[{"id": "a", "reason": "no image"}],
    descriptives={"mean_length": 9.5, "vocabulary": 70, "distinct_1": 0.1, "distinct_2": 0.3, "repeated_share": None},
)


def test_one_row_for_each_metric():
    """Cell, metric and difference stand in one row, with the columns in their order."""
    frame = build_frame([RECORD], run="today")
    assert tuple(frame.columns) == COLUMNS
    assert frame["metric"].tolist() == ["cider", "spice"]
    expected = {
        "captioner": "maccap",
        "variant": "candidates=2",
        "seed": 1,
        "run": "today",
        "n": 500,
        "score": 0.7,
        "low": 0.68,
        "baseline": "base",
        "difference_low": 0.05,
        "p_value": 0.04,
        "data_used": "images; more",
        "unreadable": 1,
        "mean_length": 9.5,
    }
    assert frame.loc[0, list(expected)].to_dict() == pytest.approx(expected)


def test_what_is_missing_is_empty_or_nan():
    """Absent texts are empty strings, absent numbers NaN, whatever else a column holds."""
    frame = build_frame([RECORD])
    assert frame["gap_model"].tolist() == ["", ""]
    assert frame["reason"].tolist() == ["", "no models"]
    assert math.isnan(frame.loc[1, "score"])
    assert math.isnan(frame.loc[1, "difference"])


def test_rows_of_groups_say_so():
    """A difference goes to the row of its own group, not to that of the whole."""
    place = ("domain", "out-domain")
    frame = build_frame([nocaps(differences=[difference(value=0.3, group=place)])])
    rows = frame[frame["metric"] == "cider"].set_index("group")
    assert list(rows.index) == ["", "in-domain", "near-domain", "out-domain"]
    assert rows["grouping"].tolist() == ["", "domain", "domain", "domain"]
    assert rows["difference"].notna().tolist() == [False, False, False, True]
    assert rows.loc["out-domain", ["groupings", "headline_grouping", "n"]].tolist() == ["domain", "domain", 120]


def test_a_failed_cell_is_one_row():
    """With its reason and without a metric."""
    frame = build_frame([failed(reason="too late")])
    assert frame[["metric", "status", "reason"]].to_numpy().tolist() == [["", "failed", "too late"]]


def test_no_records_give_an_empty_frame():
    """The columns are there without any row."""
    assert build_frame([]).shape == (0, len(COLUMNS))


def test_supervision_is_a_column():
    """What a captioner was trained or fitted on."""
    frame = build_frame([record(supervision="paired"), record()])
    assert frame["supervision"].tolist() == ["paired", "none"]


def test_runs_are_named_by_folder(tmp_path):
    """By the whole path where two folders have one name; a folder named twice is one run."""
    paths = [tmp_path / name for name in ("a/run", "b/run", "b/other")]
    for path in paths:
        path.mkdir(parents=True)
    (tmp_path / "latest").symlink_to(paths[2])
    named = name_runs([*paths, tmp_path / "latest"])
    assert list(named) == [paths[0].as_posix(), paths[1].as_posix(), "other"]
