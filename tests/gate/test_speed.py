"""The speed gate: turns, ratios of neighbours, and a verdict only when it is certain."""

from __future__ import annotations

import numpy as np
import pytest

from zsbench.errors import ScoringError
from zsbench.gate import Verdict
from zsbench.gate.speed import SpeedRules, judge_times, measure_sides


def pairs(ratio, *, noise=0.01, count=10, seconds=1.0, seed=0):
    """Pairs whose hour drifts: only neighbours can be compared."""
    generator = np.random.default_rng(seed)
    drift = np.exp(np.linspace(0, 1, count))
    base = seconds * drift * np.exp(generator.normal(0, noise, count))
    head = seconds * drift * ratio * np.exp(generator.normal(0, noise, count))
    return [({"caption": float(b)}, {"caption": float(h)}) for b, h in zip(base, head, strict=True)]


@pytest.mark.parametrize(
    ("ratio", "noise", "verdict", "code"),
    [
        (1.0, 0.01, Verdict.PASS, 0),
        (1.05, 0.01, Verdict.PASS, 0),
        (1.3, 0.01, Verdict.FAIL, 1),
        (0.5, 0.01, Verdict.PASS, 0),
        (1.12, 0.3, Verdict.INCONCLUSIVE, 3),
    ],
)
def test_a_verdict_needs_a_whole_interval_beyond_the_tolerance(ratio, noise, verdict, code):
    """A drift that doubles all times moves no ratio."""
    report = judge_times(pairs(ratio, noise=noise), SpeedRules())
    assert (report.verdict, report.exit_code) == (verdict, code)
    [finding] = report.findings
    assert finding.low <= finding.ratio <= finding.high


def test_a_difference_below_the_floor_passes():
    """Nobody waits for forty milliseconds."""
    assert judge_times(pairs(1.5, seconds=0.02), SpeedRules()).verdict == Verdict.PASS
    assert judge_times(pairs(1.5, seconds=0.02), SpeedRules(floor=0.001)).verdict == Verdict.FAIL


def test_false_alarms_are_rare():
    """No change, much noise: a hundred jobs."""
    alarms = sum(judge_times(pairs(1.0, noise=0.2, seed=seed), SpeedRules()).exit_code == 1 for seed in range(100))
    assert alarms <= 5


def test_sides_take_turns_and_the_first_pair_is_dropped():
    """A B, B A, A B, B A; the warm-up is measured and forgotten."""
    order = []

    def side(name):
        def measure():
            order.append(name)
            return {"caption": float(len(order))}

        return measure

    told = []
    kept = measure_sides(side("A"), side("B"), 3, lambda *pair: told.append(pair))
    assert told[1:] == [(number, *pair) for number, pair in enumerate(kept, 1)]
    assert "".join(order) == "ABBAABBA"
    assert kept == [
        ({"caption": 4.0}, {"caption": 3.0}),
        ({"caption": 5.0}, {"caption": 6.0}),
        ({"caption": 8.0}, {"caption": 7.0}),
    ]


def test_only_what_both_sides_timed_is_judged():
    """A captioner that is new at the head has no base."""
    report = judge_times([({"a": 1.0}, {"a": 1.0, "b": 9.0})] * 4, SpeedRules())
    assert [finding.name for finding in report.findings] == ["a"]
    with pytest.raises(ScoringError, match="nothing in common"):
        judge_times([({"a": 1.0}, {"b": 1.0})], SpeedRules())
