"""The gate: does a new run keep what a baseline promises?"""

from __future__ import annotations

from zsbench.gate.alignment import Pairing, align
from zsbench.gate.baselines import find_baseline
from zsbench.gate.decision import judge_run
from zsbench.gate.rules import GateRules
from zsbench.gate.verdicts import CellVerdict, GateReport, Judgement, Verdict

__all__ = [
    "CellVerdict",
    "GateReport",
    "GateRules",
    "Judgement",
    "Pairing",
    "Verdict",
    "align",
    "find_baseline",
    "judge_run",
]
