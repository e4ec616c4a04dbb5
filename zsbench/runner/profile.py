"""The profile of a run: ``profile.json`` in its folder, and a table."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from zsbench.cores import limit_threads
from zsbench.files import write_text
from zsbench.flops import FlopCount
from zsbench.interfaces import Resources
from zsbench.plan import Plan
from zsbench.profiling import MachineRates, describe_stage, measure_machine, profile_text, sum_stages
from zsbench.runner.outcome import Outcome

__all__ = ["FILE", "Stopwatch", "write_profile"]

FILE = "profile.json"
STAGES = "stages"
SCHEMA_VERSION = 1


class Stopwatch:
    """Seconds of a run's phases.

    Attributes:
        phases: By name, in order.
    """

    def __init__(self) -> None:
        self.phases: dict[str, float] = {}
        self._last = time.monotonic()

    def lap(self, phase: str) -> None:
        """A phase ends here."""
        now = time.monotonic()
        self.phases[phase] = now - self._last
        self._last = now


def write_profile(folder: Path, plan: Plan, outcome: Outcome, resources: Resources, phases: Mapping[str, float]) -> str:
    """Measure the machine, write ``profile.json``, and give the table for people.

    Args:
        folder: Of the run.
        plan: What was to be made.
        outcome: What was made, with what was counted.
        resources: What the run computed with; the machine is measured with the same.
        phases: Seconds of the run's phases, ``stages`` among them.
    """
    profile = _describe(plan, outcome, resources, phases)
    text = json.dumps({"schema_version": SCHEMA_VERSION, **_rounded(profile)}, indent=1, ensure_ascii=False)
    write_text(folder / FILE, text + "\n")
    return profile_text(profile)


def _describe(plan: Plan, outcome: Outcome, resources: Resources, phases: Mapping[str, float]) -> dict[str, Any]:
    """The profile as a document."""
    made = {key: record.work for key, record in outcome.stages.items() if record.work}
    rates = _measure([tally for work in made.values() for tally in work], resources)
    rows = [
        {"kind": plan.stages[key].kind, "label": plan.stages[key].label, "key": key, **describe_stage(work, rates)}
        for key, work in made.items()
    ]
    kinds = list(dict.fromkeys(row["kind"] for row in rows))
    workers = max(1, min(resources.processes, len(rows)))
    busy = sum(row["seconds"] for row in rows)
    return {
        "phases": dict(phases),
        "workers": workers,
        "idle_seconds": max(0.0, workers * phases[STAGES] - busy),
        "machine": {
            "device": rates.device,
            "threads": rates.threads,
            "operations": dict(rates.operations),
            "bytes": {str(size): rate for size, rate in rates.bytes.items()},
        },
        "totals": {kind: sum_stages([row for row in rows if row["kind"] == kind]) for kind in kinds},
        "stages": rows,
    }


def _measure(tallies: list[FlopCount], resources: Resources) -> MachineRates:
    """The machine's rates for what was used; nothing is loaded where no weight was multiplied."""
    dtypes = {dtype for tally in tallies for dtype, _ in tally.products}
    if not dtypes:
        return MachineRates(resources.device, resources.threads or 1, {}, {})
    limit_threads(resources.threads)
    return measure_machine(resources.device, dtypes, {tally.footprint for tally in tallies if tally.products})


def _rounded(value: Any) -> Any:
    """A document with no more digits than a measurement has."""
    if isinstance(value, float):
        return float(f"{value:.6g}")
    if isinstance(value, dict):
        return {key: _rounded(inner) for key, inner in value.items()}
    return [_rounded(inner) for inner in value] if isinstance(value, list) else value
