"""From what was counted to numbers that people ask for: seconds by cause, rates, and times the limit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from zsbench.flops import LOAD, STAGE, WAIT, FlopCount
from zsbench.profiling.machine import MachineRates, size_of

__all__ = ["describe_stage", "sum_stages"]

Row = dict[str, Any]
SUMMED = ("stages", "seconds", "load", "wait", "compute", "rest", "limit_seconds")
SUMMED_WORK = ("items", "calls", "seconds", "operations", "bytes", "limit_seconds")


def describe_stage(work: Iterable[FlopCount], rates: MachineRates) -> Row:
    """One stage: seconds of loading models, waiting, computing in models and the rest, and each kind of work.

    ``limit_seconds`` counts every product with weights; ``times_limit`` is what the stage took without loading and
    waiting, over that.
    """
    tallies = {tally.kind: tally for tally in work}
    seconds = {kind: tallies[kind].seconds if kind in tallies else 0.0 for kind in (STAGE, LOAD, WAIT)}
    inner = [_describe_work(tally, rates) for kind, tally in tallies.items() if kind not in seconds]
    compute = sum(row["seconds"] for row in inner)
    row: Row = {
        "stages": 1,
        "seconds": seconds[STAGE],
        "load": seconds[LOAD],
        "wait": seconds[WAIT],
        "compute": compute,
        "rest": max(0.0, seconds[STAGE] - seconds[LOAD] - seconds[WAIT] - compute),
        "limit_seconds": sum(_limit(tally, rates) for tally in tallies.values()),
        "work": inner,
    }
    return _rated(row)


def sum_stages(rows: Sequence[Mapping[str, Any]]) -> Row:
    """Several stages as one."""
    total: Row = {name: sum(row[name] for row in rows) for name in SUMMED}
    works: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        for work in row["work"]:
            works.setdefault(work["kind"], []).append(work)
    total["work"] = [_sum_works(found) for found in works.values()]
    return _rated(total)


def _describe_work(tally: FlopCount, rates: MachineRates) -> Row:
    """One kind of work."""
    row: Row = {
        "kind": tally.kind,
        "unit": tally.unit,
        "items": tally.items,
        "calls": tally.calls,
        "seconds": tally.seconds,
        "operations": tally.operations,
        "bytes": sum(weights * size_of(dtype) for (dtype, _), weights in tally.products.items()),
        "limit_seconds": _limit(tally, rates),
    }
    return _rated_work(row)


def _sum_works(rows: Sequence[Mapping[str, Any]]) -> Row:
    """Work of one kind in several stages."""
    summed = {name: sum(row[name] for row in rows) for name in SUMMED_WORK}
    return _rated_work({"kind": rows[0]["kind"], "unit": rows[0]["unit"], **summed})


def _limit(tally: FlopCount, rates: MachineRates) -> float:
    """The least seconds that the products of a tally can take."""
    found = tally.products.items()
    return sum(rates.limit(weights, rows, dtype, tally.footprint) for (dtype, rows), weights in found)


def _rated(row: Row) -> Row:
    """A stage with its distance to the limit."""
    busy = row["seconds"] - row["load"] - row["wait"]
    return {**row, "times_limit": _divide(busy, row["limit_seconds"])}


def _rated_work(row: Row) -> Row:
    """Work with its rate and its distance to the limit."""
    rate = _divide(row["items"], row["seconds"])
    return {**row, "rate": rate, "times_limit": _divide(row["seconds"], row["limit_seconds"])}


def _divide(amount: float, by: float) -> float | None:
    """A ratio; None of nothing."""
    return amount / by if by and amount else None
