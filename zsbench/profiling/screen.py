"""A profile for people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["profile_text"]

HEADER = ("where", "seconds", "load", "wait", "compute", "rest", "done", "rate", "limit", "x limit")
EXPLAINED = """\
load: models getting ready; wait: for another process that made the same; compute: inside the models; rest: images, \
files, scores, a captioner's own modules.
limit: every counted product with weights at the rates above, and nothing else; x limit: the time taken over it, \
without load and wait."""


def profile_text(profile: Mapping[str, Any]) -> str:
    """The table of a profile document: a line for each kind of stage, and one for each kind of work in it."""
    from tabulate import tabulate

    if not profile["totals"]:
        return "Nothing was made, so there is nothing to profile."
    rows = [line for name, total in profile["totals"].items() for line in _lines(name, total)]
    alignment = ("left", *("right",) * (len(HEADER) - 1))
    table = tabulate(rows, HEADER, tablefmt="simple", colalign=alignment, disable_numparse=True)
    return "\n".join([_head(profile), *_machine(profile["machine"]), "", table, "", EXPLAINED])


def _lines(name: str, total: Mapping[str, Any]) -> list[tuple[str, ...]]:
    """A kind of stage, then its work."""
    times = [f"{total[part]:.1f}" for part in ("seconds", "load", "wait", "compute", "rest")]
    first = (f"{name} ({total['stages']})", *times, "", "", *_limit(total))
    return [first, *(_work(row) for row in total["work"])]


def _work(row: Mapping[str, Any]) -> tuple[str, ...]:
    """One kind of work."""
    done = f"{row['items']:,} {row['unit']}" if row["items"] else ""
    rate = f"{row['rate']:,.0f}/s" if row["rate"] else ""
    return (f"- {row['kind']}", f"{row['seconds']:.1f}", "", "", "", "", done, rate, *_limit(row))


def _limit(row: Mapping[str, Any]) -> tuple[str, str]:
    """The limit, and how far from it; empty where nothing was counted."""
    if not row["times_limit"]:
        return "", ""
    return f"{row['limit_seconds']:.2f}", f"{row['times_limit']:.1f}"


def _head(profile: Mapping[str, Any]) -> str:
    """The run as a whole."""
    phases = ", ".join(f"{name} {seconds:.1f} s" for name, seconds in profile["phases"].items())
    return f"Profile: {phases}; {profile['workers']} workers, idle {profile['idle_seconds']:.1f} s together."


def _machine(machine: Mapping[str, Any]) -> list[str]:
    """What was measured of the machine."""
    products = ", ".join(f"{rate / 1e9:,.0f} G/s in {dtype}" for dtype, rate in machine["operations"].items())
    reads = ", ".join(f"{rate / 1e9:,.1f} GB/s of {int(size) / 1e6:,.1f} MB" for size, rate in machine["bytes"].items())
    return [f"Measured on {machine['device']} with {machine['threads']} threads: operations {products}; reads {reads}."]
