"""Where a run's time went, and how far that is from what the machine can do."""

from __future__ import annotations

from zsbench.profiling.limits import describe_stage, sum_stages
from zsbench.profiling.machine import MachineRates, measure_machine
from zsbench.profiling.screen import profile_text

__all__ = ["MachineRates", "describe_stage", "measure_machine", "profile_text", "sum_stages"]
