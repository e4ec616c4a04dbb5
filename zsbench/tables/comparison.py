"""The comparison: which system scores what, which is best, and which difference is real."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import pandas as pd

from zsbench.judgement.comparability import is_beyond_text
from zsbench.reported import ReportedRow
from zsbench.tables.cells import Notes, difference_cell, name_cells, score_cell
from zsbench.tables.grid import Column, Facts, Grid, arrange_columns, arrange_rows, value_of
from zsbench.tables.layout import Cell, Heading, Report, Section, Table
from zsbench.tables.published import match_reported
from zsbench.tables.remarks import make_remarks, warn
from zsbench.tables.selection import LABELS, PLACES, TableChoice, select_rows
from zsbench.tables.summary import Failure, Summary, find_failures, summarise

__all__ = ["build_report"]

_HEADINGS = {**LABELS, **PLACES, "seeds": "Seeds"}


def build_report(
    frame: pd.DataFrame, choice: TableChoice | None = None, reported: Sequence[ReportedRow] = ()
) -> Report:
    """An overview of main metrics if there are several tasks, and a table of each task; or what a choice asks for.

    Args:
        frame: What ``build_frame`` made of result records.
        choice: What to show and how. None: everything.
        reported: Published numbers, shown below measured ones where they fit a column.

    Raises:
        ConfigError: The choice names what no record has, or scores that differ in more than the seed would be averaged.
    """
    choice = choice or TableChoice()
    return _Builder(_with_main(select_rows(frame, choice)), choice, reported).build()


@dataclass(frozen=True)
class _Plan:
    """What one section shows.

    Attributes:
        id: Of the section.
        title: Of the section.
        frame: Its rows.
        columns: Its columns.
    """

    id: str
    title: str
    frame: pd.DataFrame
    columns: Sequence[Column]


class _Builder:
    """Builds one report."""

    def __init__(self, frame: pd.DataFrame, choice: TableChoice, reported: Sequence[ReportedRow]) -> None:
        self.choice = choice
        self.reported = reported
        self.facts = {facts.id: facts for facts in _iter_facts(frame)}
        self.row_labels = list(choice.rows) or _default_labels(frame, choice.columns)
        if "corpus" not in {*self.row_labels, *choice.columns}:
            self.row_labels.append("corpus")
        self.free = bool(choice.columns or set(self.row_labels) & set(PLACES))
        self.frame = frame = _keep_asked(frame, {*self.row_labels, *choice.columns}) if self.free else frame
        self.system = [label for label in LABELS if label in {*self.row_labels, *choice.columns}]
        self.summaries: list[Summary] = summarise(frame, self.system)
        self.failures: list[Failure] = find_failures(frame, self.system)
        self.notes = Notes()

    def build(self) -> Report:
        """Every section, and what explains them."""
        plans = list(self._iter_chosen() if self.free else self._iter_default())
        sections = tuple(self._section(plan) for plan in plans)
        shown = [summary for plan in plans for column in plan.columns for summary in column.summaries]
        reported = any(section.scores.reported for section in sections)
        return Report(sections, self._remarks(shown, reported=reported), tuple(self.notes.texts))

    def _remarks(self, summaries: Sequence[Summary], *, reported: bool) -> tuple[str, ...]:
        """What the signs beside some summaries mean."""
        return make_remarks(summaries, interval=self.choice.interval, reported=reported)

    def _iter_default(self) -> Iterator[_Plan]:
        """The overview if there are several tasks, then each task."""
        if len(self.facts) > 1:
            yield _Plan("overview", "Overview: main metric of each task", self.frame, self._overview_columns())
        for task, facts in self.facts.items():
            rows = self.frame[self.frame["task"] == task]
            columns = self._task_columns(facts) or [Column(Heading(facts.main_metric), (task,))]
            yield _Plan(_slug(task), f"{facts.title} (n = {_count(rows)})", rows, columns)

    def _iter_chosen(self) -> Iterator[_Plan]:
        """One table by the labels of the choice; one a task where no label is the task."""
        labels = {*self.row_labels, *self.choice.columns}
        for tasks in [list(self.facts)] if "task" in labels else [[task] for task in self.facts]:
            rows = self.frame[self.frame["task"].isin(tasks)]
            shown = [summary for summary in self.summaries if summary.task in tasks]
            title = f"{', '.join(self.facts[task].title for task in tasks)} (n = {_count(rows)})"
            if "metric" not in labels:
                names = dict.fromkeys(summary.title for summary in shown)
                title = f"{', '.join(names) or self.facts[tasks[0]].main_metric}: {title}"
            columns = self._chosen_columns(shown) or [Column(Heading(self.facts[tasks[0]].main_metric), tuple(tasks))]
            yield _Plan(_slug("-".join(tasks)), title, rows, columns)

    def _chosen_columns(self, summaries: Sequence[Summary]) -> list[Column]:
        """Columns by the labels of the choice, metrics if it has none."""
        labels = self.choice.columns or tuple(label for label in ("metric", "group") if label not in self.row_labels)

        def heading(summary: Summary) -> Heading:
            names = [self._name(summary, label) for label in labels]
            names = [name for name in names if name] or [summary.title]
            return Heading(names[-1], ", ".join(names[:-1]))

        return arrange_columns(summaries, lambda s: tuple(value_of(s, label) for label in labels), heading)

    def _name(self, summary: Summary, label: str) -> str:
        """What a column is called under one label."""
        if label in {"task", "metric", "group"}:
            return {"task": self.facts[summary.task].title, "metric": summary.title, "group": summary.group}[label]
        return value_of(summary, label) or "–"

    def _overview_columns(self) -> list[Column]:
        """The main metric of every task, after its groups where the card has headline groups."""

        def heading(summary: Summary) -> Heading:
            facts = self.facts[summary.task]
            if not facts.headline:
                return Heading(summary.title, facts.title)
            return Heading(summary.group or facts.whole, f"{facts.title} {summary.title}")

        columns: list[Column] = []
        for facts in self.facts.values():
            main = [s for s in self._of(facts) if s.metric == facts.main_metric]
            ordered = [*(s for s in main if facts.headline and s.grouping == facts.headline), *_whole(main)]
            found = arrange_columns(ordered, lambda s: s.group, heading)
            columns += found or [Column(Heading(facts.main_metric, facts.title), (facts.id,))]
        return columns

    def _task_columns(self, facts: Facts) -> list[Column]:
        """Every metric of the whole; then, for each grouping, the main metric of its groups and again of the whole."""
        summaries = self._of(facts)
        whole = _whole(summaries)
        main = [s for s in whole if s.metric == facts.main_metric]
        groups = [g for g in facts.groupings if any(s.grouping == g for s in summaries)]
        alone = bool(groups) and len(main) == len(whole)
        columns = [] if alone else arrange_columns(whole, lambda s: s.metric, lambda s: Heading(s.title))
        for grouping in groups:
            own = [s for s in summaries if s.grouping == grouping]
            columns += arrange_columns(
                [*own, *main], lambda s: s.group, lambda s: Heading(s.group or facts.whole, s.title)
            )
        return columns

    def _of(self, facts: Facts) -> list[Summary]:
        """The summaries of a task."""
        return [summary for summary in self.summaries if summary.task == facts.id]

    def _section(self, plan: _Plan) -> Section:
        """Scores, differences and what explains them."""
        tasks = dict.fromkeys(plan.frame["task"])
        facts = {task: self.facts[task] for task in tasks}
        rows = arrange_rows(plan.frame, self.row_labels)
        grid = Grid(facts, self.row_labels, rows, plan.columns, self.failures)
        shown = self._shown_labels(grid)
        names = [name_cells(grid, row, shown, self.notes) for row in rows]
        scores = self._scores(grid, names, shown)
        published = match_reported(self.reported, grid, self.choice.columns)
        reported = tuple(row.cells(shown, tasks, self.notes) for row in published)
        return Section(
            plan.id,
            plan.title,
            replace(scores, reported=reported),
            self._differences(grid, names, scores),
            remarks=self._remarks([s for c in plan.columns for s in c.summaries], reported=bool(reported)),
            warnings=warn(grid),
            signatures=_signatures(grid),
        )

    def _scores(self, grid: Grid, names: Sequence[Sequence[Cell]], shown: Sequence[str]) -> Table:
        """The table of scores."""
        headings = (*(Heading(_HEADINGS[label]) for label in shown), *(column.heading for column in grid.columns))
        interval = self.choice.interval
        rows = tuple(
            (*name, *(score_cell(grid, row, column, self.notes, interval=interval) for column in grid.columns))
            for row, name in zip(grid.rows, names, strict=True)
        )
        return Table(headings, len(shown), rows)

    def _differences(self, grid: Grid, names: Sequence[Sequence[Cell]], scores: Table) -> Table | None:
        """The table of differences beside that of scores, None if nothing is compared."""
        rows = tuple(
            (*name, *(difference_cell(column, grid.at(row, column), self.notes) for column in grid.columns))
            for row, name in zip(grid.rows, names, strict=True)
            if any(summary.baseline or summary.comparison_failed for summary in grid.of(row))
        )
        return replace(scores, rows=rows) if rows else None

    def _shown_labels(self, grid: Grid) -> list[str]:
        """The labels that have a column: those asked for, else who, on what, and whatever varies."""
        shown = {label for label in grid.labels if label in {"captioner", "corpus"} or self.choice.rows}
        for label in grid.labels:
            quiet = {"", "–"} if label in {"encoder", "language_model", "supervision"} else set()
            if len({row.names.get(label, "") for row in grid.rows} - quiet) > 1:
                shown.add(label)
        if any(is_beyond_text(row.names.get("supervision", "")) for row in grid.rows):
            shown.add("supervision")
        if "route" in grid.labels and any(facts.answers for facts in grid.facts.values()):
            shown.add("route")
        if len(grid.facts) == 1 and "task" not in self.choice.columns:
            shown.add("task")
        ordered = [label for label in grid.labels if label in shown]
        if "task" in shown and "task" not in grid.labels:
            ordered.insert(ordered.index("corpus") + 1 if "corpus" in shown else len(ordered), "task")
        return [*ordered, *(["seeds"] if self._shows_seeds(grid) else [])]

    def _shows_seeds(self, grid: Grid) -> bool:
        """Whether rows are of several seeds or of different ones."""
        seeds = {tuple(sorted({seed for s in grid.of(row) for seed in s.seeds})) for row in grid.rows} - {()}
        known = "seed" in self.system
        return not known and (len(seeds) > 1 or any(len(own) > 1 for own in seeds))


def _iter_facts(frame: pd.DataFrame) -> Iterator[Facts]:
    """What tables need of each task's card, in the order of the frame."""
    for _, row in frame.drop_duplicates("task").iterrows():
        yield Facts(
            id=str(row["task"]),
            title=str(row["task_title"]),
            answers=row["task_kind"] == "question-answering",
            main_metric=str(row["main_metric"]),
            groupings=tuple(name for name in str(row["groupings"]).split(",") if name),
            headline=str(row["headline_grouping"]),
        )


def _with_main(frame: pd.DataFrame) -> pd.DataFrame:
    """The frame with the first metric that is shown as the main one, where a task's own is not shown."""
    scored = frame[frame["metric"] != ""]
    for task, rows in scored.groupby("task", sort=False):
        if not (rows["metric"] == rows["main_metric"]).any():
            frame = frame.assign(main_metric=frame["main_metric"].mask(frame["task"] == task, rows["metric"].iloc[0]))
    return frame


def _default_labels(frame: pd.DataFrame, columns: Sequence[str]) -> list[str]:
    """Every label of a system but the seed; the run only where the same cell was run twice with other results."""
    system = [label for label in LABELS if label != "run"]
    twice = frame.duplicated([*system, "task", "metric", "grouping", "group"]).any()
    left = {"seed", *columns} | (set() if twice else {"run"})
    return [label for label in LABELS if label not in left]


def _keep_asked(frame: pd.DataFrame, labels: set[str]) -> pd.DataFrame:
    """Rows that some labels ask for: without one for metrics the main one, without one for groups the whole."""
    kept = pd.Series(data=True, index=frame.index)
    if "metric" not in labels:
        kept &= (frame["metric"] == frame["main_metric"]) | (frame["metric"] == "")
    if "group" not in labels:
        kept &= frame["grouping"] == ""
    return frame[kept]


def _whole(summaries: Sequence[Summary]) -> list[Summary]:
    """Those of whole splits."""
    return [summary for summary in summaries if not summary.grouping]


def _count(frame: pd.DataFrame) -> str:
    """The number of examples of a task, or the numbers if cells differ."""
    return ", ".join(str(int(count)) for count in frame["examples"].unique())


def _slug(text: str) -> str:
    """Letters, digits and hyphens alone."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


def _signatures(grid: Grid) -> tuple[tuple[str, str], ...]:
    """Every column's signature, with the rows' names where a column has several."""
    lines: dict[tuple[str, str], None] = {}
    for column, row in itertools.product(grid.columns, grid.rows):
        summary = grid.at(row, column)
        if summary is None:
            continue
        owner = "" if column.comparable else f" of {' '.join(name for name in row.names.values() if name)}"
        parts = (grid.facts[summary.task].title, summary.title, summary.group)
        name = " ".join(part for part in parts if part) if column.mixed else column.heading.line
        for signature in summary.signatures:
            lines[f"{name}{owner}", signature] = None
    return tuple(lines)
