"""What is plotted of one run: scores, differences, groups, distributions."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence

from zsbench.gate.alignment import scored_examples
from zsbench.interfaces import Metric
from zsbench.judgement.comparability import signature_differences
from zsbench.judgement.difference import measure_difference
from zsbench.records.models import MetricRow
from zsbench.report.charts import draw_bars, draw_histogram, draw_intervals
from zsbench.report.entries import Entry

__all__ = ["draw_run"]

_SYSTEMS = 8
"""No more systems than this are in one distribution or forest plot."""


def draw_run(entries: Sequence[Entry], make_metric: Callable[[str], Metric]) -> list[dict[str, str]]:
    """The charts of one task of a run: title, text for people, SVG.

    Args:
        entries: The systems of one task; none failed.
        make_metric: Makes a metric from its id.
    """
    result = entries[0].evidence.result
    main = result.main_metric
    scored = [entry for entry in entries if (row := entry.evidence.rows.get(main)) and row.score is not None]
    if not scored:
        return []
    row = scored[0].evidence.rows[main]
    title, factor = row.title, row.factor
    task = result.task_title
    some = scored[:_SYSTEMS]
    groupings = [g for g in dict.fromkeys([*result.groupings, result.headline_grouping]) if g]
    texts = "captions" if result.task_kind == "captioning" else "answers"
    charts = [
        (f"{title} with 95 % intervals", _draw_scores(scored, main, factor, title)),
        (f"Pairwise differences in {title}", _draw_forest(some, main, factor, title, make_metric)),
        *((f"{title} by {grouping}", _draw_groups(some, main, grouping, factor, title)) for grouping in groupings),
        (f"Length of {texts}", _draw_lengths(some)),
        (f"{title} of single examples", _draw_values(some, main, factor, title, make_metric)),
    ]
    return [{"task": task, "title": name, "svg": svg} for name, svg in charts if svg]


def _draw_scores(entries: Sequence[Entry], main: str, factor: float, title: str) -> str:
    """Scores with intervals."""
    rows = {_label(entry): entry.evidence.rows[main] for entry in entries}
    return draw_intervals({name: _interval(row, factor) for name, row in rows.items()}, title)


def _interval(row: MetricRow, factor: float) -> tuple[float, float, float]:
    """Score and interval in printed points; a score without an interval is one point."""
    score = (row.score or 0.0) * factor
    low, high = (score if end is None else end * factor for end in (row.low, row.high))
    return score, low, high


def _draw_forest(
    entries: Sequence[Entry], main: str, factor: float, title: str, make_metric: Callable[[str], Metric]
) -> str:
    """Paired differences of every two systems on the same examples; empty with one system."""
    rows = {}
    for one, two in itertools.combinations(entries, 2):
        if signature_differences(*(str(entry.evidence.rows[main].signature) for entry in (one, two))):
            continue
        sides = [[scored_examples(entry.evidence, main)] for entry in (one, two)]
        found = measure_difference(make_metric(main), main, *sides)
        numbers = found.difference * factor, found.low * factor, found.high * factor
        rows[f"{_label(one)} − {_label(two)}"] = numbers
    return draw_intervals(rows, f"difference in {title}", zero=True) if rows else ""


def _draw_groups(entries: Sequence[Entry], main: str, grouping: str, factor: float, title: str) -> str:
    """The score of every group; empty without groups."""
    series = {
        _label(entry): {
            str(row.group): row.score * factor
            for row in entry.evidence.result.metrics
            if row.id == main and row.grouping == grouping and row.score is not None
        }
        for entry in entries
    }
    return draw_bars(series, title) if any(series.values()) else ""


def _draw_lengths(entries: Sequence[Entry]) -> str:
    """How many words captions have."""
    series = {
        _label(entry): [float(len(text.split())) for text in entry.evidence.predictions.values()] for entry in entries
    }
    return draw_histogram(series, "words", whole=True)


def _draw_values(
    entries: Sequence[Entry], main: str, factor: float, title: str, make_metric: Callable[[str], Metric]
) -> str:
    """How scores of single examples are distributed."""
    metric = make_metric(main)
    series = {}
    for entry in entries:
        values = metric.values(entry.evidence.statistics[main]) * factor
        series[_label(entry)] = [float(value) for value in values if not math.isnan(value)]
    return draw_histogram(series, title)


def _label(entry: Entry) -> str:
    """A system's name, with its seed where that is not the first."""
    seed = entry.evidence.result.cell.seed
    return f"{entry.label} seed {seed}" if seed else entry.label
