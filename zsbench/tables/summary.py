"""The long frame reduced to one summary for each system, task, metric and group, over seeds."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from zsbench.errors import ConfigError
from zsbench.judgement.best import ColumnScore
from zsbench.judgement.comparability import is_upper_bound
from zsbench.judgement.difference import is_zero, pool_differences
from zsbench.judgement.significance import Question, correct_family, is_significant
from zsbench.judgement.uncertainty import PooledScore, SeedScore, pool_seeds
from zsbench.statistics import PairedDifference
from zsbench.tables.selection import LABELS

__all__ = ["Failure", "Summary", "find_failures", "summarise"]

Row = Mapping[Any, Any]

_SCORE = ("score", "standard_error", "low", "high")
_DIFFERENCE = ("difference", "difference_error", "difference_low", "difference_high", "p_value")


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
        pooled: Its score over seeds, and how sure it is.
        not_run: Why the metric was not run, for at least one seed; empty if it always was.
        signatures: The distinct signatures of the scores.
        data_used: What beyond text was used; empty if nothing.
        split_remark: How the data differ from the official split; empty if they do not.
        baseline: What the difference is taken to; empty without one.
        found: Its difference to the baseline over seeds; NaN without one.
        comparison_failed: Why a seed's comparison failed; empty if none did.
        corrected: Its p-value after Holm's correction over all summaries of the frame.
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
    pooled: PooledScore
    not_run: str
    signatures: tuple[str, ...]
    data_used: str
    split_remark: str
    baseline: str
    found: PairedDifference
    comparison_failed: str
    corrected: float = math.nan

    @property
    def place(self) -> tuple[str, str, str, str]:
        """What was scored of the systems: task, metric, grouping and group."""
        return self.task, self.metric, self.grouping, self.group

    @property
    def score(self) -> float:
        """Mean over seeds; NaN if nothing was scored."""
        return self.pooled.score

    @property
    def supervision(self) -> str:
        """What supervision the captioner had; empty where records do not say."""
        return self.system.get("supervision", "")

    @property
    def column_score(self) -> ColumnScore:
        """What decides how it stands in a column."""
        return ColumnScore(self.score, self.factor, self.signatures, self.data_used, self.supervision)

    @property
    def question(self) -> Question:
        """Whether it differs from the baseline."""
        return Question(self.found.difference, self.found.p_value, self.factor)

    @property
    def p_value(self) -> float:
        """That of the difference alone; 1 if the difference is zero as printed."""
        return 1.0 if is_zero(self.found.difference, self.factor) else self.found.p_value

    @property
    def significant(self) -> bool:
        """Whether the difference to the baseline is significant within the whole family."""
        return is_significant(self.corrected)

    @property
    def upper_bound(self) -> bool:
        """Whether the system saw what it is asked for, so that its score is no competitor's."""
        return is_upper_bound(self.data_used)


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
    corrected = correct_family([summary.question for summary in summaries])
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
        pooled=pool_seeds([SeedScore(*(float(row[key]) for key in _SCORE)) for row in group]),
        not_run=next(iter(_texts(group, "reason")), ""),
        signatures=tuple(_texts(scored, "signature")),
        data_used="; ".join(_texts(group, "data_used")),
        split_remark=next(iter(_texts(group, "split_remark")), ""),
        baseline=", ".join(_texts(group, "baseline")),
        found=pool_differences([PairedDifference(*(float(row[key]) for key in _DIFFERENCE)) for row in group]),
        comparison_failed="; ".join(_texts(group, "comparison_failed")),
    )


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
