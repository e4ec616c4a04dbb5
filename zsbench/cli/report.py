"""What ``zsbench run`` prints: the plan, the table, the JSON document."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from zsbench.cli.table import screen_width
from zsbench.plan import Plan
from zsbench.plan.changes import NEVER
from zsbench.runner.outcome import Outcome
from zsbench.runner.session import RunResult

__all__ = ["plan_document", "plan_text", "result_document", "result_text"]

SHOWN_REASONS = 3
SHOWN_FIELDS = {
    *("status", "reason", "n", "unreadable", "training_overlap", "supervision", "data_used", "metrics", "differences"),
    "comparison_failed",
}
"""What of a cell's result the JSON document holds."""


def plan_document(plan: Plan, survey: Outcome, why: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """The plan as JSON, with why each stage must be made that is not in the store."""
    return {
        "cells": [cell.name for cell in plan.cells],
        "shared_stages": plan.shared,
        "remarks": [*plan.remarks, *plan.split_remarks.values()],
        "stages": [
            {
                "kind": stage.kind,
                "label": stage.label,
                "key": key,
                "inputs": list(stage.input_keys),
                "state": survey.stages[key].state,
                "why": list(why.get(key, ())),
            }
            for key, stage in plan.stages.items()
        ],
    }


def plan_text(plan: Plan, survey: Outcome, why: Mapping[str, Sequence[str]]) -> str:
    """The plan for people; below each stage that must be made, why."""
    lines = [f"{len(plan.cells)} cells:", *(f"  {cell.name}" for cell in plan.cells), ""]
    lines.append(
        f"{len(plan.stages)} stages ({survey.count('cached')} cached, {survey.count('missing')} to make, "
        f"{survey.count('not needed')} not needed; sharing saved {plan.shared}):"
    )
    for key, stage in plan.stages.items():
        state = {"missing": "to make"}.get(survey.stages[key].state, survey.stages[key].state)
        lines.append(f"  {state:<10}  {stage.kind:<14}  {stage.label}  [{key[:8]}]")
        if why.get(key, [NEVER]) != [NEVER]:
            lines.append(f"{'':14}{'':14}  {_tell_why(why[key])}")
    return "\n".join([*lines, *(f"note: {remark}" for remark in (*plan.remarks, *plan.split_remarks.values()))])


def _tell_why(reasons: Sequence[str]) -> str:
    """The first reasons, and how many more there are."""
    more = len(reasons) - SHOWN_REASONS
    return "; ".join(reasons[:SHOWN_REASONS]) + (f"; and {more} more" if more > 0 else "")


def result_document(result: RunResult) -> dict[str, Any]:
    """A finished run as JSON: where it is, every score, what was cached."""
    return {
        "run": str(result.folder),
        "seconds": round(result.seconds, 2),
        "stages": {state: result.outcome.count(state) for state in ("done", "cached", "failed", "skipped")},
        "all_cached": _is_cached(result),
        "shared_stages": result.plan.shared,
        "shared_seconds": round(result.saved_seconds, 1),
        "remarks": result.remarks,
        "cells": [
            {
                **cell.cell.model_dump(),
                **cell.model_dump(mode="json", include=SHOWN_FIELDS),
            }
            for cell in result.results
        ],
    }


def _is_cached(result: RunResult) -> bool:
    """Whether the run made nothing, because all was there."""
    return result.outcome.count("done") == 0 and not result.exit_code


def result_text(result: RunResult) -> str:
    """The run's summary for people, and the table that ``zsbench table`` prints of it."""
    from zsbench.tables.rendering import screen_table

    outcome = result.outcome
    lines = []
    if _is_cached(result):
        lines.append(f"All {outcome.count('cached')} stages were cached.")
    else:
        lines.append(
            f"{outcome.count('done')} stages made, {outcome.count('cached')} cached; "
            f"sharing saved {result.plan.shared} more, about {_tell_seconds(result.saved_seconds)} of work."
        )
    lines += [
        f"{len(cell.unreadable)} images of {cell.name} could not be read and are not scored, first: "
        f"{cell.unreadable[0].reason}"
        for cell in result.results
        if cell.unreadable
    ]
    lines += _overlaps(result)
    lines += [f"FAILED {cell.name} ({cell.failed_stage}): {cell.reason}" for cell in result.failed]
    lines += [f"NOT COMPARED {name} (compare): {reason}" for name, reason in result.failed_comparisons]
    lines.append(f"{result.seconds:.1f} s. Records: {result.folder}; the full table: {result.folder / 'tables'}")
    table = screen_table(result.results, width=screen_width())
    return "\n".join([*lines, "", table, *([result.profile, ""] if result.profile else [])])


def _tell_seconds(seconds: float) -> str:
    """A duration as people read it."""
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"  # noqa: PLR2004  two minutes


def _overlaps(result: RunResult) -> list[str]:
    """For each corpus and task, how many reference captions are training texts too."""
    lines: dict[str, None] = {}
    for cell in result.results:
        found = cell.training_overlap
        if found and found.shared:
            share = 100 * found.shared / found.references
            lines[
                f"{found.shared} of the {found.references} reference captions of {cell.cell.task} "
                f"({share:.1f} %) stand in {cell.cell.corpus}."
            ] = None
    return list(lines)
