"""The long frame reduced to one summary for each system, task, metric and group, over seeds."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import pandas as pd

from zsbench.errors import ConfigError
from zsbench.statistics import holm
from zsbench.tables.selection import LABELS

__all__ = ["LEVEL", "Failure", "Summary", "find_failures", "summarise"]

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
    scored = frame[frame["metric"] != ""]
    keys = ["task", *labels, "metric", "grouping", "group"]
    summaries = [_summarise_group(group, labels) for _, group in scored.groupby(keys, sort=False, dropna=False)]
    corrected = holm([summary.p_value for summary in summaries])
    return [replace(summary, corrected=p_value) for summary, p_value in zip(summaries, corrected, strict=True)]


def find_failures(frame: pd.DataFrame, labels: Sequence[str]) -> list[Failure]:
    """The cells that failed, in the order of the frame."""
    failed = frame[frame["status"] == "failed"]
    return [
        Failure(str(row["task"]), _system(row, labels), int(row["seed"]), str(row["reason"]))
        for _, row in failed.iterrows()
    ]


def _summarise_group(group: pd.DataFrame, labels: Sequence[str]) -> Summary:
    """The summary of one metric of one system on one task, from one row a seed."""
    _check_average(group, labels)
    first = group.iloc[0]
    scored = group[group["score"].notna()]
    counted = scored if len(scored) else group
    return Summary(
        task=str(first["task"]),
        system=_system(first, labels),
        metric=str(first["metric"]),
        title=str(first["title"]),
        factor=float(first["factor"]),
        grouping=str(first["grouping"]),
        group=str(first["group"]),
        seeds=tuple(int(seed) for seed in scored["seed"]),
        n=int(counted["n"].min()),
        lost=int(counted["unreadable"].max()),
        examples=int(counted["examples"].max()),
        score=float(scored["score"].mean()),
        error=float(scored["score"].std() if len(scored) > 1 else scored["standard_error"].mean()),
        low=float(scored["low"].min()),
        high=float(scored["high"].max()),
        not_run=next((str(reason) for reason in group["reason"] if reason), ""),
        signatures=tuple(dict.fromkeys(str(text) for text in scored["signature"] if text)),
        data_used="; ".join(dict.fromkeys(str(text) for text in group["data_used"] if text)),
        split_remark=next((str(text) for text in group["split_remark"] if text), ""),
        baseline=", ".join(dict.fromkeys(str(name) for name in group["baseline"] if name)),
        difference=float(group["difference"].mean()),
        difference_low=float(group["difference_low"].min()),
        difference_high=float(group["difference_high"].max()),
        p_value=float(group["p_value"].max()),
    )


def _system(row: pd.Series, labels: Sequence[str]) -> dict[str, str]:
    """Value by label of a row."""
    return {label: str(row[label]) for label in labels}


def _check_average(group: pd.DataFrame, labels: Sequence[str]) -> None:
    """Refuse an average over anything but seeds."""
    rest = [label for label in LABELS if label not in labels and label not in {"seed", "run"}]
    mixed = [label for label in rest if len(set(group[label])) > 1]
    if not mixed and "seed" not in labels and group["seed"].duplicated().any():
        mixed = ["run"]
    if not mixed and "seed" in labels and len(group) > 1:
        mixed = ["run"]
    if mixed:
        values = ", ".join(str(value) or "none" for value in dict.fromkeys(group[mixed[0]]))
        name = group["captioner"].iloc[0]
        raise ConfigError(
            f"A row of {name} on {group['task'].iloc[0]} would average over {mixed[0]}: {values}.",
            "Scores are averaged over seeds alone.",
            f"Add {mixed[0]} to `--rows` or `--columns`, or filter.",
            source="the command line",
            key="rows",
        )
