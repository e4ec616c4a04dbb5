"""Score against a swept number, as curves and as files."""

from __future__ import annotations

import pytest

from zsbench.tables.sweeps import Point, build_curves, draw_sweeps
from zsbench_records import record

SETTING = "training.noise"


def result(value, score, *, seed=0, captioner="one", swept=True, task="task"):
    variant = f"{SETTING}={value}, inference.n=2" if swept else ""
    row = {"id": "m", "title": "M", "grouping": None, "factor": 100.0}
    row |= {
        "score": score,
        "low": None if score is None else score - 0.1,
        "high": None if score is None else score + 0.2,
    }
    row = {"n": 10, **row}
    return record(
        captioner,
        [{**row, "id": "other"}, {**row, "grouping": "g"}, row],
        cell={"task": task, "corpus": "c", "seed": seed, "variant": variant},
        config={"training": {"noise": value}, "inference": {"n": 2}},
        main_metric="m",
    )


def test_a_curve_has_a_point_for_each_value_in_order():
    """On the printed scale, with the interval, named by what else tells cells apart."""
    (curve,) = build_curves([result(0.4, 0.5), result(0.1, 0.25)], SETTING)
    assert [point.value for point in curve.points] == [0.1, 0.4]
    assert curve.points[0].score == pytest.approx(25.0)
    assert (curve.points[0].low, curve.points[0].high) == (pytest.approx(15.0), pytest.approx(45.0))
    assert (curve.system, curve.title) == ("one, c, inference.n=2", "M")


def test_seeds_are_one_point():
    """The mean, and the hull of the intervals."""
    (curve,) = build_curves([result(1, 0.2), result(1, 0.4, seed=1), result(2, 0.5)], SETTING)
    assert curve.points[0] == Point(1.0, pytest.approx(30.0), pytest.approx(10.0), pytest.approx(60.0))


@pytest.mark.parametrize(
    "others",
    [
        [result(0.1, 0.2)],
        [result("low", 0.2), result("high", 0.3)],
        [result(True, 0.2), result(False, 0.3)],
        [result(0.1, None), result(0.2, None)],
        [result(0.1, 0.2, swept=False), result(0.2, 0.3, swept=False)],
    ],
    ids=["one value", "words", "flags", "failed cells", "no sweep"],
)
def test_what_is_no_sweep_over_numbers_has_no_curve(others):
    """Nothing is drawn of it."""
    assert build_curves(others, SETTING) == []


def test_each_task_has_a_figure_in_two_formats_with_equal_bytes_for_equal_scores(tmp_path):
    """SVG and PNG, named by task and setting."""
    results = [result(v, s, task=task) for v, s in ((0.001, 0.2), (0.1, 0.4)) for task in ("a", "b")]
    written = draw_sweeps(results, [f"one.{SETTING}"], tmp_path / "plots")
    names = [f"{task}__training.noise.{ending}" for task in ("a", "b") for ending in ("svg", "png")]
    assert [path.name for path in written] == names
    again = draw_sweeps(results, [f"one.{SETTING}"], tmp_path / "again")
    assert [path.read_bytes() for path in written] == [path.read_bytes() for path in again]
    assert "training.noise" in written[0].read_text()


def test_a_sweep_over_words_writes_nothing(tmp_path):
    """No folder either."""
    assert draw_sweeps([result("a", 0.1), result("b", 0.2)], [f"one.{SETTING}"], tmp_path / "plots") == []
    assert not (tmp_path / "plots").exists()
