"""The profile that people read."""

from __future__ import annotations

from collections import Counter

from zsbench.flops import FlopCount
from zsbench.profiling import MachineRates, describe_stage, profile_text, sum_stages

RATES = MachineRates("cpu", 2, {"float32": 2e9}, {1 << 18: 3e9})


def document(*work):
    totals = {"predict": sum_stages([describe_stage(work, RATES)])} if work else {}
    machine = {"device": "cpu", "threads": 2, "operations": {"float32": 2e9}, "bytes": {str(1 << 18): 3e9}}
    return {"phases": {"stages": 5.0}, "workers": 2, "idle_seconds": 1.5, "machine": machine, "totals": totals}


def test_rates_and_distances_are_shown():
    """Tokens a second, the limit, and how many times it took."""
    products = Counter({("float32", 100): 10_000_000})
    text = profile_text(
        document(
            FlopCount("stage", seconds=5.0),
            FlopCount("decode", "tokens", items=1200, calls=1, seconds=4.0, products=products),
        )
    )
    line = next(line for line in text.splitlines() if line.startswith("- decode"))
    assert line.split() == ["-", "decode", "4.0", "1,200", "tokens", "300/s", "1.00", "4.0"]
    assert "2 workers, idle 1.5 s together" in text
    assert "operations 2 G/s in float32; reads 3.0 GB/s of 0.3 MB" in text


def test_a_run_that_made_nothing_says_so():
    """Everything was cached."""
    assert profile_text(document()) == "Nothing was made, so there is nothing to profile."
