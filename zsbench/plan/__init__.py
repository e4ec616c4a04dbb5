"""From a matrix to a graph of stages in which shared work stands once."""

from __future__ import annotations

from zsbench.plan.builder import Models, StageBuilder
from zsbench.plan.cells import Cell, Plan
from zsbench.plan.planner import PlanOptions, make_plan
from zsbench.plan.validation import Validation, validate_matrix

__all__ = ["Cell", "Models", "Plan", "PlanOptions", "StageBuilder", "Validation", "make_plan", "validate_matrix"]
