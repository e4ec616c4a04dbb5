"""The comparison table: which system scores what, which is best, and which difference is real."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import pandas as pd

from zsbench.tables.layout import Cell, Report, Section, Table
from zsbench.tables.summary import LEVEL, Summary, System, summarise

__all__ = ["build_report"]

_ABSENT = Cell("–")
_FINE_ERROR = 0.095
"""Below this printed standard error a second decimal says something."""


@dataclass(frozen=True)
class _Column:
    """One metric of one task over all systems."""

    heading: str
    summaries: tuple[Summary, ...]

    def of(self, system: System) -> Summary | None:
        """The summary of one system, None if it has none."""
        return next((summary for summary in self.summaries if summary.system == system), None)

    @property
    def decimals(self) -> int:
        """How many decimals the scores deserve."""
        errors = [s.error * s.factor for s in self.summaries if not math.isnan(s.error)]
        return 2 if errors and min(errors) < _FINE_ERROR else 1

    @property
    def comparable(self) -> bool:
        """Whether all scores have one signature."""
        return len({signature for summary in self.summaries for signature in summary.signatures}) <= 1

    @property
    def best(self) -> float:
        """The highest score, NaN if there are not two that can be compared."""
        scores = [summary.score for summary in self.summaries if not math.isnan(summary.score)]
        return max(scores) if len(scores) > 1 and self.comparable else math.nan


@dataclass
class _Notes:
    """Footnotes, numbered as they come."""

    texts: list[str] = field(default_factory=list)

    def number(self, text: str) -> int:
        """The number of a footnote, the same for the same text."""
        line = " ".join(text.split())
        if line not in self.texts:
            self.texts.append(line)
        return self.texts.index(line) + 1


def build_report(frame: pd.DataFrame) -> Report:
    """One section for each task, and before them an overview of main metrics if there are several tasks.

    Args:
        frame: What ``build_frame`` made of the result records.
    """
    summaries = summarise(frame)
    facts = frame.drop_duplicates("task").set_index("task")
    sections = [
        _build_section(
            _task_title(frame[frame["task"] == task]),
            [_Column(own[0].title, tuple(own)) for own in _by_metric(s for s in summaries if s.task == task)],
        )
        for task in facts.index
    ]
    if len(sections) > 1:
        main = [_main_column(summaries, str(task), facts) for task in facts.index]
        sections.insert(0, _build_section("Overview: main metric of each task", main))
    return Report(tuple(sections))


def _task_title(rows: pd.DataFrame) -> str:
    """A task's title with the number of examples, or the numbers if cells differ."""
    return f"{rows['task_title'].iloc[0]} (n = {', '.join(str(n) for n in rows['n'].unique())})"


def _by_metric(summaries: Iterable[Summary]) -> list[list[Summary]]:
    """Summaries grouped by metric, in order of appearance."""
    groups: dict[str, list[Summary]] = {}
    for summary in summaries:
        groups.setdefault(summary.metric, []).append(summary)
    return list(groups.values())


def _main_column(summaries: Sequence[Summary], task: str, facts: pd.DataFrame) -> _Column:
    """The main metric of one task."""
    metric = facts.loc[task, "main_metric"]
    own = tuple(s for s in summaries if s.task == task and s.metric == metric)
    return _Column(f"{facts.loc[task, 'task_title']!s} {own[0].title if own else metric!s}", own)


def _build_section(title: str, columns: Sequence[_Column]) -> Section:
    """Scores, differences and everything that explains them."""
    notes = _Notes()
    systems = list(dict.fromkeys(summary.system for column in columns for summary in column.summaries))
    labels = _label_rows(systems, columns)
    scores = _build_table(labels, columns, [[_score_cell(c, c.of(s), notes) for c in columns] for s in systems])
    compared = [s for s in systems if any((own := c.of(s)) and own.baseline for c in columns)]
    differences = None
    if compared:
        kept = {system: label for system, label in zip(systems, labels[1], strict=True) if system in compared}
        cells = [[_difference_cell(c, c.of(s)) for c in columns] for s in compared]
        differences = _build_table((labels[0], list(kept.values())), columns, cells)
    return Section(title, scores, differences, _remarks(columns), tuple(notes.texts), _signatures(columns))


def _label_rows(systems: Sequence[System], columns: Sequence[_Column]) -> tuple[list[str], list[list[str]]]:
    """Headings of the label columns, and the labels of each row; only what varies is shown."""
    values = {
        "Captioner": [system.captioner for system in systems],
        "Gap model": [system.gap_model or "–" for system in systems],
        "Corpus": [system.corpus or "–" for system in systems],
        "Seeds": [_seeds(system, columns) for system in systems],
    }
    shown = [heading for heading in ("Gap model", "Corpus") if len(set(values[heading])) > 1]
    seeds = set(values["Seeds"]) - {"–"}
    if len(seeds) > 1 or any("," in names for names in seeds):
        shown.append("Seeds")
    shown = ["Captioner", *shown]
    return shown, [[values[heading][row] for heading in shown] for row in range(len(systems))]


def _seeds(system: System, columns: Sequence[_Column]) -> str:
    """The seeds of a row."""
    seeds = {seed for column in columns if (own := column.of(system)) for seed in own.seeds}
    return ", ".join(str(seed) for seed in sorted(seeds)) or "–"


def _build_table(
    labels: tuple[list[str], list[list[str]]], columns: Sequence[_Column], cells: Sequence[Sequence[Cell]]
) -> Table:
    """Labels and cells side by side."""
    headings, names = labels
    rows = tuple((*map(Cell, name), *row) for name, row in zip(names, cells, strict=True))
    return Table((*headings, *(column.heading for column in columns)), len(headings), rows)


def _score_cell(column: _Column, summary: Summary | None, notes: _Notes) -> Cell:
    """``score ± error``, or that and why the metric was not run."""
    if summary is None:
        return _ABSENT
    note = notes.number(f"{summary.title}: {summary.not_run}") if summary.not_run else 0
    if math.isnan(summary.score):
        return Cell("not run" if summary.not_run else "NaN", note=note)
    places = column.decimals
    text = f"{summary.score * summary.factor:.{places}f}"
    if not math.isnan(summary.error):
        text += f" ± {summary.error * summary.factor:.{places}f}"
    return Cell(text, best=summary.score == column.best, marked=summary.significant and column.comparable, note=note)


def _difference_cell(column: _Column, summary: Summary | None) -> Cell:
    """``difference [low, high] p``."""
    if summary is None or math.isnan(summary.difference):
        return _ABSENT
    places = column.decimals
    difference, low, high = (
        f"{value * summary.factor:+.{places}f}" for value in (summary.difference, summary.low, summary.high)
    )
    p_value = "p < 0.001" if summary.p_value < 0.001 else f"p = {summary.p_value:.3f}"  # noqa: PLR2004  as printed
    return Cell(f"{difference} [{low}, {high}] {p_value}", marked=summary.significant and column.comparable)


def _remarks(columns: Sequence[_Column]) -> tuple[str, ...]:
    """What the signs of this section mean."""
    summaries = [summary for column in columns for summary in column.summaries]
    several = any(len(summary.seeds) > 1 for summary in summaries)
    remarks = ["± is the standard error over examples, by the bootstrap."]
    if several:
        remarks = [
            "± is the standard deviation over seeds where there are several, else the standard error over examples.",
            "Over seeds, a difference is the mean, its interval the hull of the intervals, its p the largest.",
        ]
    if baselines := sorted({summary.baseline for summary in summaries if summary.baseline}):
        remarks.append(
            f"{{mark}} differs from {', '.join(baselines)}: paired bootstrap, p < {LEVEL} after Holm's correction over "
            "all comparisons of this report. Intervals are 95 %; the p-values printed are not corrected."
        )
    apart = [column.heading for column in columns if not column.comparable]
    if apart:
        remarks.append(f"Signatures differ within {', '.join(apart)}: these scores must not be compared.")
    return tuple(remarks)


def _signatures(columns: Sequence[_Column]) -> tuple[tuple[str, str], ...]:
    """Every column's signature, with the systems' names where a column has several."""
    lines: dict[tuple[str, str], None] = {}
    for column in columns:
        for summary in column.summaries:
            for signature in summary.signatures:
                owner = "" if column.comparable else f" of {summary.system.captioner}"
                lines[f"{column.heading}{owner}", signature] = None
    return tuple(lines)
