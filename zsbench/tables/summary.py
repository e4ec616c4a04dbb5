"""The long frame reduced to one summary for each system, task and metric, over seeds."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import pandas as pd

from zsbench.statistics import holm

__all__ = ["LEVEL", "Summary", "System", "summarise"]

LEVEL = 0.05
"""Differences with a Holm-corrected p-value below this are marked."""

_SYSTEM = ["captioner", "gap_model", "corpus"]


@dataclass(frozen=True)
class System:
    """What is compared: a cell without its task and its seed."""

    captioner: str
    gap_model: str
    corpus: str


@dataclass(frozen=True, kw_only=True)
class Summary:
    """One metric of one system on one task.

    Attributes:
        task: The task's id.
        system: What was scored.
        metric: The metric's id.
        title: The metric's title.
        factor: What printed scores are multiplied by.
        seeds: The seeds that were scored.
        score: Mean over seeds, NaN if nothing was scored.
        error: Standard error of one seed, or standard deviation over several.
        not_run: Why the metric was not run, for at least one seed; empty if it always was.
        signatures: The distinct signatures of the scores.
        baseline: What the difference is taken to; empty without one.
        difference: Mean over seeds.
        low: The lowest end of the seeds' intervals.
        high: The highest end.
        p_value: The largest of the seeds.
        corrected: The same after Holm's correction over all summaries of the frame.
    """

    task: str
    system: System
    metric: str
    title: str
    factor: float
    seeds: tuple[int, ...]
    score: float
    error: float
    not_run: str
    signatures: tuple[str, ...]
    baseline: str
    difference: float
    low: float
    high: float
    p_value: float
    corrected: float = math.nan

    @property
    def significant(self) -> bool:
        """Whether the difference to the baseline is significant within the whole family."""
        return self.corrected < LEVEL


def summarise(frame: pd.DataFrame) -> list[Summary]:
    """One summary for each task, system and metric, in the order of the frame, with corrected p-values."""
    groups = frame.groupby(["task", *_SYSTEM, "metric"], sort=False, dropna=False)
    summaries = [_summarise_group(group) for _, group in groups]
    corrected = holm([summary.p_value for summary in summaries])
    return [replace(summary, corrected=p_value) for summary, p_value in zip(summaries, corrected, strict=True)]


def _summarise_group(group: pd.DataFrame) -> Summary:
    """The summary of one metric of one system on one task, from one row a seed."""
    first = group.iloc[0]
    scored = group[group["score"].notna()]
    return Summary(
        task=str(first["task"]),
        system=System(*(str(first[column]) for column in _SYSTEM)),
        metric=str(first["metric"]),
        title=str(first["title"]),
        factor=float(first["factor"]),
        seeds=tuple(int(seed) for seed in scored["seed"]),
        score=float(scored["score"].mean()),
        error=float(scored["score"].std() if len(scored) > 1 else scored["standard_error"].mean()),
        not_run=next((str(reason) for reason in group["not_run"] if reason), ""),
        signatures=tuple(dict.fromkeys(str(text) for text in scored["signature"] if text)),
        baseline=next((str(name) for name in group["baseline"] if name), ""),
        difference=float(group["difference"].mean()),
        low=float(group["low"].min()),
        high=float(group["high"].max()),
        p_value=float(group["p_value"].max()),
    )
