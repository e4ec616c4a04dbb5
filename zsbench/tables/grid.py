"""Summaries arranged: which stand in one column, which in one row, and what rows are called."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import pandas as pd

from zsbench.judgement.best import Standing, judge_column
from zsbench.tables.layout import Heading
from zsbench.tables.summary import Failure, Summary

__all__ = ["Column", "Facts", "Grid", "Row", "arrange_columns", "arrange_rows", "value_of"]

Place = tuple[str, str, str, str]
"""Task, metric, grouping and group."""

_FINE_ERROR = 0.095
"""Below this printed standard error a second decimal says something."""


@dataclass(frozen=True)
class Facts:
    """What tables need of a task's card.

    Attributes:
        id: The task's id.
        title: What people call it.
        answers: Whether it asks questions.
        main_metric: The metric that decides.
        groupings: With columns in its own table.
        headline: Grouping with columns in the overview; empty without.
    """

    id: str
    title: str
    answers: bool
    main_metric: str
    groupings: tuple[str, ...]
    headline: str

    @property
    def whole(self) -> str:
        """What the whole split is called beside its groups."""
        return "overall" if self.answers else "entire"


@dataclass(frozen=True)
class Column:
    """One metric of one task or group over all systems.

    Attributes:
        heading: Its heading.
        tasks: Ids of the tasks that it is about, one but where tasks make rows.
        summaries: Of each system that has a score, or a reason for none.
    """

    heading: Heading
    tasks: tuple[str, ...]
    summaries: tuple[Summary, ...] = ()

    @property
    def decimals(self) -> int:
        """How many decimals the scores deserve."""
        errors = [s.pooled.error * s.factor for s in self.summaries]
        errors = [error for error in errors if error > 0]  # 0 says nothing, nor does NaN
        return 2 if errors and min(errors) < _FINE_ERROR else 1

    @property
    def mixed(self) -> bool:
        """Whether it holds several tasks, metrics or groups, because they make rows."""
        return len({summary.place for summary in self.summaries}) > 1

    @cached_property
    def standings(self) -> Mapping[int, Standing]:
        """How each summary stands among those of its place, by ``id`` of the summary."""
        places: dict[Place, list[Summary]] = {}
        for summary in self.summaries:
            places.setdefault(summary.place, []).append(summary)
        judged = [(own, judge_column([one.column_score for one in own])) for own in places.values()]
        return {id(one): standing for own, found in judged for one, standing in zip(own, found, strict=True)}

    @property
    def comparable(self) -> bool:
        """Whether all scores of one metric have one signature."""
        return not any(standing.apart for standing in self.standings.values())

    def is_best(self, summary: Summary) -> bool:
        """Whether a system has the best score; none has where the column holds several metrics, tasks or groups."""
        return not self.mixed and self.standings[id(summary)].best

    def is_marked(self, summary: Summary) -> bool:
        """Whether a system differs from the baseline, and both may be compared."""
        named = summary.baseline.split(", ")
        sides = [s for s in self.summaries if s.place == summary.place and s.system.get("captioner") in named]
        return summary.significant and not any(self.standings[id(side)].apart for side in (summary, *sides))

    def most(self, like: Summary) -> int:
        """The most examples that any system was scored on, of the same part of the same task."""
        return max(summary.n for summary in self.summaries if summary.place == like.place)


@dataclass(frozen=True)
class Row:
    """What makes one row: value by label."""

    names: Mapping[str, str]

    def holds(self, summary: Summary) -> bool:
        """Whether a summary belongs here; one of captions belongs to each route of answering."""
        return self._fits(lambda label: value_of(summary, label))

    def failed(self, failure: Failure) -> bool:
        """Whether a failed cell belongs here."""
        return self._fits(lambda label: failure.task if label == "task" else failure.system.get(label))

    def _fits(self, look_up: Callable[[str], str | None]) -> bool:
        """Whether every label has the row's value, or says nothing of it."""
        return all(
            found in {None, value} or (label == "route" and not found)
            for label, value in self.names.items()
            for found in (look_up(label),)
        )


@dataclass(frozen=True)
class Grid:
    """Rows and columns of one table.

    Attributes:
        facts: Of the tasks in it, by id.
        labels: What makes a row, in order.
        rows: In order.
        columns: In order.
        failures: Cells that failed.
    """

    facts: Mapping[str, Facts]
    labels: Sequence[str]
    rows: Sequence[Row]
    columns: Sequence[Column]
    failures: Sequence[Failure] = field(default=())

    def at(self, row: Row, column: Column) -> Summary | None:
        """The summary of a cell, None if there is none."""
        return next((summary for summary in column.summaries if row.holds(summary)), None)

    def lost(self, row: Row, column: Column) -> list[Failure]:
        """What failed of a cell."""
        return [failure for failure in self.failures if failure.task in column.tasks and row.failed(failure)]

    def of(self, row: Row) -> list[Summary]:
        """Every summary of a row."""
        return [summary for column in self.columns if (summary := self.at(row, column))]


def value_of(summary: Summary, label: str) -> str:
    """What a summary has for a label of ``LABELS`` or ``PLACES``."""
    if label == "group":
        return f"{summary.grouping}={summary.group}" if summary.grouping else ""
    return {"task": summary.task, "metric": summary.metric}.get(label) or summary.system.get(label, "")


def arrange_columns(
    summaries: Iterable[Summary],
    key: Callable[[Summary], Hashable],
    heading: Callable[[Summary], Heading],
) -> list[Column]:
    """Columns of summaries with one key each, in order of appearance.

    Args:
        summaries: What is shown.
        key: What is equal within a column.
        heading: The heading of a column, from any of its summaries.
    """
    groups: dict[Hashable, list[Summary]] = {}
    for summary in summaries:
        groups.setdefault(key(summary), []).append(summary)
    return [
        Column(heading(own[0]), tuple(dict.fromkeys(summary.task for summary in own)), tuple(own))
        for own in groups.values()
    ]


def arrange_rows(frame: pd.DataFrame, labels: Sequence[str]) -> list[Row]:
    """One row for each combination of labels, in the order of the frame.

    A row of captions alone is left out where the same system has rows of answers: they show its captions' scores too.

    Args:
        frame: Rows of scores and of failed cells.
        labels: What makes a row.
    """
    if {"metric", "group"} & set(labels):
        frame = frame[frame["metric"] != ""]
    places = zip(frame["grouping"], frame["group"], strict=True)
    named = frame.assign(group=[f"{grouping}={group}" if grouping else "" for grouping, group in places])
    distinct = named[list(labels)].astype(str).drop_duplicates()
    rows = [dict(zip(labels, values, strict=True)) for values in distinct.itertuples(index=False, name=None)]
    return [Row(row) for row in rows if not _is_covered(row, rows)]


def _is_covered(row: Mapping[str, str], rows: Sequence[Mapping[str, str]]) -> bool:
    """Whether a row without a route has a twin with one."""
    if row.get("route", "none"):
        return False
    return any(other["route"] and {**other, "route": ""} == row for other in rows)
