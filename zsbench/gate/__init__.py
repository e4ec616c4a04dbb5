"""The gate: does a new run keep what a baseline promises?"""

from __future__ import annotations

from zsbench.gate.alignment import Pairing, align
from zsbench.gate.baselines import read_baselines, read_history, write_baselines
from zsbench.gate.decision import judge_run
from zsbench.gate.evidence import Evidence, read_run_evidence
from zsbench.gate.rules import GateRules
from zsbench.gate.verdicts import CellVerdict, GateReport, Judgement, Verdict

__all__ = [
    "CellVerdict",
    "Evidence",
    "GateReport",
    "GateRules",
    "Judgement",
    "Pairing",
    "Verdict",
    "align",
    "judge_run",
    "read_baselines",
    "read_history",
    "read_run_evidence",
    "write_baselines",
]
