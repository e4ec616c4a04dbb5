"""A comparison in words that a person understands."""

from __future__ import annotations

import math
from collections.abc import Sequence

from zsbench.comparison.compare import Comparison, ExampleChange, MetricComparison
from zsbench.comparison.sides import CellScores
from zsbench.judgement.significance import format_p_value

__all__ = ["describe_comparison", "sentence"]

_WIDTH = 70
_FOOT = (
    "Differences are B less A with 95 % intervals over examples, by the paired bootstrap. It decides, after Holm's "
    "correction over all rows that are printed together; p rand is that of approximate randomisation."
)


def sentence(row: MetricComparison) -> str:
    """What one metric says, such as "B is better on CIDEr-D by 2.10 [1.20, 3.00], p < 0.001"."""
    if math.isnan(row.found.difference):
        return f"{row.title} cannot be compared: a score is no number."
    if row.wins == row.losses == 0 and row.found.difference == 0:
        return f"{row.title} is the same: no example scores differently."
    interval = f"[{_number(row, row.found.low)}, {_number(row, row.found.high)}]"
    if row.significant:
        better = "better" if row.found.difference > 0 else "worse"
        low, high = sorted((abs(row.found.low), abs(row.found.high)))
        size = f"{_number(row, abs(row.found.difference))} [{_number(row, low)}, {_number(row, high)}]"
        if row.found.low <= 0 <= row.found.high:
            size = f"{_number(row, abs(row.found.difference))} {interval}"
        return f"B is {better} on {row.title} by {size}, {_corrected(row)}."
    told = f"{row.title} is inconclusive: {_number(row, row.found.difference, sign=True)} {interval}"
    told += f", {_corrected(row)}; n = {row.n} detects {_number(row, row.detectable)} or more"
    return told + (f", this difference needs n = {row.needed:.0f}." if math.isfinite(row.needed) else ".")


def describe_comparison(comparison: Comparison) -> str:
    """The whole comparison as text."""
    a, b = comparison.a, comparison.b
    lines = [
        f"{a.title}, {comparison.n} examples",
        f"  A = {_side(a.name, a.cells)}",
        f"  B = {_side(b.name, b.cells)}",
    ]
    lines += [f"LABELLED {label}." for label in comparison.labels]
    lines += ["", *(sentence(row) for row in comparison.metrics)]
    lines += [f"Not compared: {reason}" for reason in comparison.apart]
    lines += ["", _table(comparison), "", f"{comparison.changed} of {comparison.n} predictions differ."]
    lines += _changes(f"B gains most on {comparison.main}:", comparison.gains)
    lines += _changes(f"B loses most on {comparison.main}:", comparison.losses)
    lines += ["", _FOOT]
    return "\n".join(lines)


def _side(name: str, cells: Sequence[CellScores]) -> str:
    """A system and how many seeds it has."""
    count = len(cells)
    return name if count == 1 else f"{name}, the mean of {count} seeds"


def _table(comparison: Comparison) -> str:
    """Every number in a table."""
    from tabulate import tabulate

    rows = [
        [
            row.title,
            _number(row, row.a),
            _number(row, row.b),
            _number(row, row.found.difference, sign=True),
            f"{_number(row, row.found.low, sign=True)} to {_number(row, row.found.high, sign=True)}",
            _bare(format_p_value(row.p_value, resamples=row.resamples)),
            _bare(format_p_value(row.p_randomization, resamples=row.resamples)),
            _bare(_corrected(row)),
            f"{row.wins}/{row.losses}/{row.ties}",
        ]
        for row in comparison.metrics
    ]
    head = ["Metric", "A", "B", "B - A", "95 % interval", "p boot", "p rand", "p Holm", "Wins/losses/ties"]
    return tabulate(rows, head, tablefmt="github", disable_numparse=True, colalign=("left", *["right"] * 8))


def _changes(heading: str, examples: tuple[ExampleChange, ...]) -> list[str]:
    """Examples, one a line."""
    if not examples:
        return []
    told = [f"  {one.id}  {one.change:+.3f}  {_short(one.a)!r} -> {_short(one.b)!r}" for one in examples]
    return ["", heading, *told]


def _short(text: str) -> str:
    """The beginning of a caption, on one line."""
    plain = " ".join(text.split())
    return plain if len(plain) <= _WIDTH else plain[: _WIDTH - 3] + "..."


def _number(row: MetricComparison, value: float, *, sign: bool = False) -> str:
    """A number of a metric as it is printed."""
    return f"{value * row.factor:{'+' if sign else ''}.2f}"


def _corrected(row: MetricComparison) -> str:
    """The corrected p-value as people write it."""
    return format_p_value(row.corrected, family=row.family, resamples=row.resamples)


def _bare(text: str) -> str:
    """A p-value under a heading that says so: ``0.012`` or ``< 0.001``."""
    return text.removeprefix("p ").removeprefix("= ")
