"""Seconds by cause, rates, and times the limit."""

from __future__ import annotations

from collections import Counter

import pytest

from zsbench.flops import FlopCount
from zsbench.profiling import MachineRates, describe_stage, sum_stages

RATES = MachineRates("cpu", 1, {"float32": 1000.0}, {1 << 18: 1e9})
WORK = (
    FlopCount("stage", calls=1, seconds=10.0),
    FlopCount("load", calls=1, seconds=2.0),
    FlopCount("wait", calls=1, seconds=1.0),
    FlopCount(
        "decode", "tokens", items=30, calls=3, seconds=4.0, products=Counter({("float32", 10): 100}), footprint=400
    ),
)


def test_every_second_of_a_stage_has_a_cause():
    """Loading, waiting, computing, and what is left."""
    row = describe_stage(WORK, RATES)
    assert [row[part] for part in ("seconds", "load", "wait", "compute", "rest")] == [10, 2, 1, 4, 3]


def test_the_limit_is_what_the_products_cost_at_best():
    """A stage is measured against it without what it loaded and waited."""
    row = describe_stage(WORK, RATES)
    assert row["limit_seconds"] == pytest.approx(2.0)
    assert row["times_limit"] == pytest.approx(7 / 2)
    assert row["work"][0]["times_limit"] == pytest.approx(4 / 2)
    assert row["work"][0]["rate"] == pytest.approx(30 / 4)
    assert row["work"][0]["bytes"] == 400


def test_work_of_a_kind_adds_up():
    """Two equal stages take twice as long, at the same rate."""
    row = describe_stage(WORK, RATES)
    total = sum_stages([row, row])
    assert (total["stages"], total["seconds"], total["work"][0]["items"]) == (2, 20, 60)
    assert total["times_limit"] == pytest.approx(row["times_limit"])
    assert total["work"][0]["rate"] == pytest.approx(row["work"][0]["rate"])


def test_a_stage_that_multiplied_nothing_has_no_distance():
    """There is no limit to divide by."""
    assert describe_stage(WORK[:1], RATES)["times_limit"] is None
