"""What stands in a cell, with its footnotes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from zsbench.judgement.comparability import is_beyond_text, is_upper_bound, is_zero_shot
from zsbench.judgement.significance import format_p_value
from zsbench.tables.grid import Column, Grid, Row
from zsbench.tables.layout import Cell
from zsbench.tables.summary import Failure, Summary

__all__ = ["ABSENT", "Notes", "difference_cell", "name_cells", "score_cell"]

ABSENT = Cell("–")
_SAME_ENCODER = "|same-encoder:yes"


@dataclass
class Notes:
    """Footnotes, numbered as they come."""

    texts: list[str] = field(default_factory=list)

    def number(self, text: str) -> int:
        """The number of a footnote, the same for the same text."""
        line = " ".join(text.split())
        if line not in self.texts:
            self.texts.append(line)
        return self.texts.index(line) + 1


def score_cell(grid: Grid, row: Row, column: Column, notes: Notes, *, interval: bool = False) -> Cell:
    """``score ± error``, or that and why the metric was not run or the cell failed.

    Args:
        grid: What the cell is in.
        row: Its row.
        column: Its column.
        notes: Where its footnotes go.
        interval: Whether the 95 % interval is shown instead of the standard error.
    """
    summary, failures = grid.at(row, column), grid.lost(row, column)
    if summary is None:
        return Cell("failed", notes=_number_failures(failures, notes)) if failures else ABSENT
    numbers = (*_number_state(summary, column, notes), *_number_failures(failures, notes))
    if "captioner" not in row.names:
        numbers = (*numbers, *(notes.number(text) for text in _tell_data(summary)))
    if math.isnan(summary.score):
        return Cell("not run" if summary.not_run else "NaN", notes=numbers)
    return Cell(
        _print_score(summary, column.decimals, interval=interval),
        best=column.is_best(summary),
        marked=column.is_marked(summary),
        notes=numbers,
    )


def difference_cell(column: Column, summary: Summary | None, notes: Notes) -> Cell:
    """``difference [low, high] p``, or that the comparison failed and why."""
    if summary is None:
        return ABSENT
    numbers = tuple(notes.number(text) for text in _tell_failed_comparison(summary))
    if math.isnan(summary.found.difference):
        return Cell("failed", notes=numbers) if numbers else ABSENT
    values = (summary.found.difference, summary.found.low, summary.found.high)
    difference, low, high = (f"{value * summary.factor:+.{column.decimals}f}" for value in values)
    text = f"{difference} [{low}, {high}] {format_p_value(summary.p_value)}"
    return Cell(text, marked=column.is_marked(summary), notes=numbers)


def name_cells(grid: Grid, row: Row, shown: Sequence[str], notes: Notes) -> list[Cell]:
    """The labels of a row; the first bears what must be known of the system."""
    told: dict[str, None] = {}
    if "captioner" in row.names:  # else scores bear it
        told = dict.fromkeys(text for summary in grid.of(row) for text in _tell_data(summary))
    numbers = tuple(notes.number(text) for text in told)
    texts = [_label_text(grid, row, label) for label in shown]
    return [Cell(text, notes=numbers if place == 0 else ()) for place, text in enumerate(texts)]


def _label_text(grid: Grid, row: Row, label: str) -> str:
    """What a row is called under one label."""
    if label == "seeds":
        seeds = {seed for summary in grid.of(row) for seed in summary.seeds}
        return ", ".join(str(seed) for seed in sorted(seeds)) or "–"
    if label == "task" and "task" not in row.names:
        return ", ".join(grid.facts)
    if label == "metric":
        return next((summary.title for summary in grid.of(row)), row.names[label])
    if label == "group":
        return row.names[label].partition("=")[2] or "all"
    return row.names.get(label) or "–"


def _print_score(summary: Summary, places: int, *, interval: bool) -> str:
    """A score and how sure it is."""
    text = f"{summary.score * summary.factor:.{places}f}"
    pooled = summary.pooled
    if interval and not math.isnan(pooled.low):
        return f"{text} [{pooled.low * summary.factor:.{places}f}, {pooled.high * summary.factor:.{places}f}]"
    if interval or math.isnan(pooled.error):
        return text
    return f"{text} ± {pooled.error * summary.factor:.{places}f}"


def _number_state(summary: Summary, column: Column, notes: Notes) -> tuple[int, ...]:
    """Footnotes of a score: not run, partial, not compared, or by an encoder that knows the captioner."""
    texts = []
    if summary.not_run:
        texts.append(f"not run: {summary.title}: {summary.not_run}")
    elif partial := _tell_partial(summary, column):
        texts.append(partial)
    if any(_SAME_ENCODER in signature for signature in summary.signatures):
        texts.append(f"{summary.title} is by the encoder that the captioner uses itself, which favours it.")
    if (standing := column.standings[id(summary)]).apart and not standing.alone:
        texts.append(f"{summary.title} has another signature than most of the column: not compared.")
    texts += _tell_failed_comparison(summary)
    return tuple(notes.number(text) for text in texts)


def _tell_partial(summary: Summary, column: Column) -> str:
    """What is said of a score of fewer examples than there are; empty if it is of all."""
    expected = column.most(summary) if summary.grouping else summary.examples
    if summary.n >= expected:
        return ""
    reason = f": {summary.lost} images of the split could not be read" if summary.lost else ""
    return f"partial: {summary.n} of {expected} examples scored{reason}."


def _tell_failed_comparison(summary: Summary) -> list[str]:
    """What is said where the sign of a difference would be, if the comparison with the baseline failed."""
    reason = summary.comparison_failed
    return [f"not compared with the baseline, for the comparison failed: {reason}"] if reason else []


def _tell_data(summary: Summary) -> list[str]:
    """What is said of a system that used more than text."""
    told = []
    if used := summary.data_used:
        end = "" if is_zero_shot("", used) else "; this ends a claim of zero-shot"
        told.append(f"{used}; never best of a column." if is_upper_bound(used) else f"beyond text: {used}{end}.")
    if is_beyond_text(summary.supervision):
        end = "" if is_zero_shot(summary.supervision) else "; not zero-shot, and never best of a column"
        told.append(f"supervision: {summary.supervision}{end}.")
    return told


def _number_failures(failures: Sequence[Failure], notes: Notes) -> tuple[int, ...]:
    """A footnote for each reason, with the seeds that failed so."""
    seeds: dict[str, list[int]] = {}
    for failure in failures:
        seeds.setdefault(failure.reason, []).append(failure.seed)
    return tuple(
        notes.number(f"failed: seed {', '.join(map(str, sorted(set(found))))}: {reason}")
        for reason, found in seeds.items()
    )
