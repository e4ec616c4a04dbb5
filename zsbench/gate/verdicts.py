"""Verdicts: what became of a metric, a cell and a gate."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from zsbench.gate.rules import GateRules
from zsbench.statistics.noninferiority import NonInferiority

__all__ = ["CellVerdict", "Example", "GateReport", "Judgement", "Verdict", "worst"]


class Verdict(StrEnum):
    """What became of a metric, a cell or a gate."""

    PASS = "PASS"  # noqa: S105  a verdict, not a secret
    WARN = "WARN"
    INCONCLUSIVE = "INCONCLUSIVE"
    FAIL = "FAIL"


_SEVERITY = list(Verdict)
_EXIT_CODES = {Verdict.PASS: 0, Verdict.WARN: 0, Verdict.INCONCLUSIVE: 3, Verdict.FAIL: 1}


def worst(verdicts: Sequence[Verdict]) -> Verdict:
    """The most severe verdict; PASS of none."""
    return max(verdicts, key=_SEVERITY.index, default=Verdict.PASS)


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """One metric of one cell, or of one group of it. Scores are on the metric's own scale.

    Attributes:
        metric: Its id.
        title: Its heading.
        factor: What is printed is the score times this.
        grouping: None for the whole.
        group: None for the whole.
        old: The baseline's score on the examples of both.
        new: The run's.
        tolerance: Tolerated drop.
        verdict: What became of it.
        reason: Why, in a sentence; empty for a plain pass.
        finding: Difference, bounds and p-value; None if nothing was tested.
        adjusted: The p-value after Holm's correction over the gate; NaN if nothing was tested.
        detectable: The smallest drop that is found in 80 % of samples of this size.
        needed: So many examples could find the tolerated drop; 0 if these can, or nothing was tested.
    """

    metric: str
    title: str
    factor: float
    grouping: str | None
    group: str | None
    old: float
    new: float
    tolerance: float
    verdict: Verdict = Verdict.PASS
    reason: str = ""
    finding: NonInferiority | None = None
    adjusted: float = math.nan
    detectable: float = math.nan
    needed: int = 0

    @property
    def label(self) -> str:
        """The heading, with the group."""
        return self.title if self.group is None else f"{self.title} ({self.group})"


@dataclass(frozen=True, kw_only=True)
class Example:
    """An example whose caption became worse: id, captions, and the change of its own score."""

    id: str
    old: str
    new: str
    change: float


@dataclass(frozen=True, kw_only=True)
class CellVerdict:
    """One cell.

    Attributes:
        name: The cell's.
        task: Task id.
        captioner: Captioner id.
        verdict: The worst of its judgements.
        reason: Why, where it is not a metric's doing.
        n: Examples compared.
        known: Examples of the baseline.
        changed: Examples whose caption differs.
        revision: Of the baseline.
        judgements: One a metric; none if no caption changed.
        worst: The examples that lost most under the main metric.
    """

    name: str
    task: str
    captioner: str
    verdict: Verdict
    reason: str = ""
    n: int = 0
    known: int = 0
    changed: int = 0
    revision: str = ""
    judgements: tuple[Judgement, ...] = ()
    worst: tuple[Example, ...] = ()


@dataclass(frozen=True, kw_only=True)
class GateReport:
    """The whole gate."""

    cells: tuple[CellVerdict, ...]
    rules: GateRules
    tests: int = 0
    notes: tuple[str, ...] = ()

    @property
    def verdict(self) -> Verdict:
        """The worst of the cells'."""
        return worst([cell.verdict for cell in self.cells])

    @property
    def exit_code(self) -> int:
        """0 pass, 1 fail, 3 inconclusive."""
        return _EXIT_CODES[self.verdict]
