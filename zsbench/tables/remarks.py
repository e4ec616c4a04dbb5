"""What the signs of a report mean, and what its reader must know."""

from __future__ import annotations

from collections.abc import Sequence

from zsbench.judgement.comparability import list_versions
from zsbench.judgement.significance import LEVEL
from zsbench.tables.grid import Grid
from zsbench.tables.summary import Summary

__all__ = ["make_remarks", "warn"]


def make_remarks(summaries: Sequence[Summary], *, interval: bool, reported: bool) -> tuple[str, ...]:
    """What the signs beside some summaries mean.

    Args:
        summaries: What is shown.
        interval: Whether intervals are shown instead of standard errors.
        reported: Whether published numbers are shown.
    """
    several = any(len(summary.seeds) > 1 for summary in summaries)
    remarks = [_explain_spread(several=several, interval=interval)]
    if any(summary.upper_bound for summary in summaries):
        remarks.append("Upper bounds are never the best of a column.")
    if baselines := sorted({summary.baseline for summary in summaries if summary.baseline}):
        remarks.append(
            f"{{mark}} differs from {', '.join(baselines)}: paired bootstrap, p < {LEVEL} after Holm's correction over "
            "all comparisons of the full report. Intervals are 95 %; the p-values printed are not corrected."
        )
        if several:
            remarks.append(
                "Over seeds, a difference is the mean, its interval the hull of the intervals, its p the largest, or 1 "
                "where seeds differ in direction."
            )
    if any(summary.system.get("route") for summary in summaries):
        remarks.append(
            "Route: `features` answers from the image's features, `caption` lets the language model read a caption."
        )
    if len(versions := list_versions(text for summary in summaries for text in summary.signatures)) > 1:
        remarks.append(f"Scored by zsbench {' and '.join(versions)}, whose versions forbid no comparison.")
    if apart := list(dict.fromkeys(summary.split_remark for summary in summaries if summary.split_remark)):
        remarks.append(f"Not the official splits: {' '.join(apart)}")
    if reported:
        remarks.append("Reported rows are published numbers: neither measured here nor compared with what was.")
    return tuple(remarks)


def warn(grid: Grid) -> tuple[str, ...]:
    """What forbids comparisons within one section."""
    apart = [column.heading.line for column in grid.columns if not column.comparable]
    return (f"Signatures differ within {', '.join(apart)}: these scores must not be compared.",) if apart else ()


def _explain_spread(*, several: bool, interval: bool) -> str:
    """What stands beside a score."""
    if interval:
        hull = " Over seeds, a score is the mean and its interval the hull of theirs." if several else ""
        return f"Brackets hold the 95 % interval over examples, by the bootstrap.{hull}"
    if several:
        return (
            "± is the standard error over examples, by the bootstrap; where there are several seeds, the root of its "
            "mean square plus the variance over seeds."
        )
    return "± is the standard error over examples, by the bootstrap."
