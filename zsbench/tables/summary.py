"""The long frame reduced to one summary for each system, task, metric and group, over seeds."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from zsbench.errors import ConfigError
from zsbench.statistics import holm
from zsbench.tables.selection import LABELS

__all__ = ["LEVEL", "Failure", "Summary", "find_failures", "summarise"]

Row = Mapping[Any, Any]
LEVEL = 0.05
"""Differences with a Holm-corrected p-value below this are marked."""


@dataclass(frozen=True, kw_only=True)
class Summary:
    """One metric of one system on one task or on one group of it.

    Attributes:
        task: The task's id.
        system: What was scored: value by label.
        metric: The metric's id.
        title: The metric's title.
        factor: What printed scores are multiplied by.
        grouping: Empty for the whole split.
        group: Empty for the whole split.
        seeds: The seeds that were scored.
        n: Examples scored, the fewest of the seeds.
        lost: Examples whose image could not be read, the most of the seeds.
        examples: Examples to be scored in the whole split.
        score: Mean over seeds, NaN if nothing was scored.
        error: Standard error of one seed, or standard deviation over several.
        low: The lowest end of the seeds' 95 % intervals.
        high: The highest end.
        not_run: Why the metric was not run, for at least one seed; empty if it always was.
        signatures: The distinct signatures of the scores.
        data_used: What beyond text was used; empty if nothing.
        split_remark: How the data differ from the official split; empty if they do not.
        baseline: What the difference is taken to; empty without one.
        difference: Mean over seeds.
        difference_low: The lowest end of the seeds' intervals.
        difference_high: The highest end.
        p_value: The largest of the seeds.
        corrected: The same after Holm's correction over all summaries of the frame.
    """

    task: str
    system: Mapping[str, str]
    metric: str
    title: str
    factor: float
    grouping: str
    group: str
    seeds: tuple[int, ...]
    n: int
    lost: int
    examples: int
    score: float
    error: float
    low: float
    high: float
    not_run: str
    signatures: tuple[str, ...]
    data_used: str
    split_remark: str
    baseline: str
    difference: float
    difference_low: float
    difference_high: float
    p_value: float
    corrected: float = math.nan

    @property
    def place(self) -> tuple[str, str, str, str]:
        """What was scored of the systems: task, metric, grouping and group."""
        return self.task, self.metric, self.grouping, self.group

    @property
    def significant(self) -> bool:
        """Whether the difference to the baseline is significant within the whole family."""
        return self.corrected < LEVEL

    @property
    def upper_bound(self) -> bool:
        """Whether the system saw what it is asked for, so that its score is no competitor's."""
        return "upper bound" in self.data_used


@dataclass(frozen=True)
class Failure:
    """A cell that failed: of which task and system, with which seed, and why."""

    task: str
    system: Mapping[str, str]
    seed: int
    reason: str


def summarise(frame: pd.DataFrame, labels: Sequence[str]) -> list[Summary]:
    """One summary for each task, system, metric and group, in the order of the frame, with corrected p-values.

    Args:
        frame: Rows of scores, and of failed cells, which are left out here.
        labels: What makes a system. Scores are averaged over seeds, and over nothing else.

    Raises:
        ConfigError: Scores that differ in another label would be averaged.
    """
    keys = ("task", *labels, "metric", "grouping", "group")
    groups: dict[tuple[str, ...], list[Row]] = {}
    for row in frame[frame["metric"] != ""].to_dict("records"):
        groups.setdefault(tuple(str(row[key]) for key in keys), []).append(row)
    summaries = [_summarise_group(group, labels) for group in groups.values()]
    corrected = holm([summary.p_value for summary in summaries])
    return [replace(summary, corrected=p_value) for summary, p_value in zip(summaries, corrected, strict=True)]


def find_failures(frame: pd.DataFrame, labels: Sequence[str]) -> list[Failure]:
    """The cells that failed, in the order of the frame."""
    failed = frame[frame["status"] == "failed"]
    return [
        Failure(str(row["task"]), _system(row, labels), int(row["seed"]), str(row["reason"]))
        for row in failed.to_dict("records")
    ]


def _summarise_group(group: Sequence[Row], labels: Sequence[str]) -> Summary:
    """The summary of one metric of one system on one task, from one row a seed.

    Plain numbers: a group has as many rows as there are seeds, and a report has many hundred groups.
    """
    _check_average(group, labels)
    first = group[0]
    scored = [row for row in group if not math.isnan(row["score"])]
    counted = scored or group
    scores = _numbers(scored, "score")
    return Summary(
        task=str(first["task"]),
        system=_system(first, labels),
        metric=str(first["metric"]),
        title=str(first["title"]),
        factor=float(first["factor"]),
        grouping=str(first["grouping"]),
        group=str(first["group"]),
        seeds=tuple(int(row["seed"]) for row in scored),
        n=int(min(row["n"] for row in counted)),
        lost=int(max(row["unreadable"] for row in counted)),
        examples=int(max(row["examples"] for row in counted)),
        score=_mean(scores),
        error=statistics.stdev(scores) if len(scores) > 1 else _mean(_numbers(scored, "standard_error")),
        low=min(_numbers(scored, "low"), default=math.nan),
        high=max(_numbers(scored, "high"), default=math.nan),
        not_run=next(iter(_texts(group, "reason")), ""),
        signatures=tuple(_texts(scored, "signature")),
        data_used="; ".join(_texts(group, "data_used")),
        split_remark=next(iter(_texts(group, "split_remark")), ""),
        baseline=", ".join(_texts(group, "baseline")),
        difference=_mean(_numbers(group, "difference")),
        difference_low=min(_numbers(group, "difference_low"), default=math.nan),
        difference_high=max(_numbers(group, "difference_high"), default=math.nan),
        p_value=max(_numbers(group, "p_value"), default=math.nan),
    )


def _numbers(rows: Sequence[Row], name: str) -> list[float]:
    """The numbers of a column that are there."""
    return [float(row[name]) for row in rows if not math.isnan(row[name])]


def _mean(numbers: Sequence[float]) -> float:
    """The mean; NaN of nothing."""
    return sum(numbers) / len(numbers) if numbers else math.nan


def _texts(rows: Sequence[Row], name: str) -> list[str]:
    """The distinct texts of a column that are not empty, in order."""
    return list(dict.fromkeys(str(row[name]) for row in rows if row[name]))


def _system(row: Row, labels: Sequence[str]) -> dict[str, str]:
    """Value by label of a row."""
    return {label: str(row[label]) for label in labels}


def _check_average(group: Sequence[Row], labels: Sequence[str]) -> None:
    """Refuse an average over anything but seeds."""
    rest = [label for label in LABELS if label not in labels and label not in {"seed", "run"}]
    mixed = [label for label in rest if len({str(row[label]) for row in group}) > 1]
    if not mixed and "seed" not in labels and len({row["seed"] for row in group}) < len(group):
        mixed = ["run"]
    if not mixed and "seed" in labels and len(group) > 1:
        mixed = ["run"]
    if mixed:
        values = ", ".join(dict.fromkeys(str(row[mixed[0]]) or "none" for row in group))
        name = group[0]["captioner"]
        raise ConfigError(
            f"A row of {name} on {group[0]['task']} would average over {mixed[0]}: {values}.",
            "Scores are averaged over seeds alone.",
            f"Add {mixed[0]} to `--rows` or `--columns`, or filter.",
            source="the command line",
            key="rows",
        )
