"""What a gate tolerates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pydantic import Field

from zsbench.interfaces.records import Frozen

__all__ = ["ALLOWABLE", "TOLERANCE", "GateRules"]

TOLERANCE = 1.0
"""Tolerated drop of every metric, in points as they are printed."""

ALLOWABLE = ("config", "encoder", "language_model", "data_used")
"""Fields that may differ where it is said that they may; those of a signature never."""


class GateRules(Frozen):
    """What a gate tolerates, and what it looks at."""

    level: float = Field(default=0.05, gt=0, lt=0.5, description="one-sided level of the whole gate")
    tolerance: float = Field(default=TOLERANCE, ge=0, description="tolerated drop in printed points")
    tolerances: Mapping[str, float] = Field(default_factory=dict, description="tolerated drop by metric id")
    metrics: Sequence[str] = Field(default=(), description="ids of gated metrics; empty for all")
    captioners: Sequence[str] = Field(default=(), description="ids of gated captioners; empty for all")
    tasks: Sequence[str] = Field(default=(), description="ids of gated tasks; empty for all")
    groups: bool = Field(default=False, description="whether groups of a task are gated too")
    allow: Sequence[str] = Field(default=(), description="fields that may differ, of `ALLOWABLE`")
    seed: int = Field(default=0, description="of exchanges and resamples")

    def tolerated(self, metric: str, factor: float) -> float:
        """The tolerated drop of a metric on its own scale."""
        return self.tolerances.get(metric, self.tolerance) / factor

    def looks_at(self, captioner: str, task: str) -> bool:
        """Whether a cell is gated."""
        return (not self.captioners or captioner in self.captioners) and (not self.tasks or task in self.tasks)

    def looks_at_metric(self, metric: str, grouping: str | None) -> bool:
        """Whether a row of a result is gated."""
        return (not self.metrics or metric in self.metrics) and (self.groups or grouping is None)
