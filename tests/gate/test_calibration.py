"""The calibration: settings are what they say, and the gate is measured by itself."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from zsbench.gate.calibration import Population, Setting, calibration_table, find_share, measure, simulate
from zsbench.records import read_cells
from zsbench_cells import build_cell, captions_of, make_metric, scores_of, write_run


@pytest.fixture
def population(tmp_path):
    """Good captions score about 0.9, bad ones about 0.3; words do not differ."""
    [cell] = read_cells(write_run(tmp_path, [build_cell(captions_of(100), scores_of(100))]))
    bad = {"exact": scores_of(100, good=0.3, seed=1)[:, None], "words": cell.statistics["words"]}
    return Population(cell, cell.statistics, bad, make_metric)


def test_the_share_makes_the_promised_drop(population):
    """Critical value and power times the standard error, and the tolerance where that is larger."""
    small, large = (find_share(population, n, 0.0) for n in (1000, 100))
    assert 0 < small.share < large.share < 1
    difference = float(population.bad["exact"].mean() - population.good["exact"].mean())
    assert small.drop == pytest.approx(-100 * small.share * difference)
    assert find_share(population, 1000, 10.0).drop > 10


def test_a_draw_is_a_pair_of_records(population):
    """Worse: only the new one has bad captions. Equal: both have, as a coin says."""
    new, old = simulate(population, Setting(kind="worse", n=500, share=0.2, tolerance=0), seed=1)
    assert "bad" not in old.predictions.values()
    assert 60 < list(new.predictions.values()).count("bad") < 140
    new, old = simulate(population, Setting(kind="equal", n=500, share=0.2, tolerance=0), seed=1)
    assert all(20 < list(one.predictions.values()).count("bad") < 80 for one in (new, old))
    assert np.abs(new.statistics["exact"] - old.statistics["exact"]).sum() > 0


def test_false_alarms_and_power_are_counted(population):
    """Few trials: the committed result has two hundred."""
    equal = measure(population, Setting(kind="equal", n=100, share=0.2, tolerance=0), trials=20)
    worse = measure(population, find_share(population, 100, 0.0), trials=20)
    assert equal["fail"] <= 0.2
    assert worse["main_fail"] >= 0.5
    assert worse["trials"] == 20


def test_the_committed_calibration_keeps_its_promises_and_the_docs_show_it():
    """At most five per cent false alarms, at least eighty per cent power, two hundred trials a setting."""
    root = Path(__file__).parents[2]
    document = json.loads((root / "results" / "gate-calibration.json").read_text(encoding="utf-8"))
    assert calibration_table(document) in (root / "docs" / "gate.md").read_text(encoding="utf-8")
    kinds = {row["kind"] for row in document["settings"]}
    assert kinds == {"equal", "worse"}
    for row in document["settings"]:
        assert row["trials"] == 200
        assert row["fail"] <= 0.05 if row["kind"] == "equal" else row["main_fail"] >= 0.8
