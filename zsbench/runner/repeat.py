"""The predictions of a plan, made again and again in one process: what a speed gate times.

Imports, data, features, trainings and models are there before the first measurement; nothing is scored.
"""

from __future__ import annotations

import shutil
import tempfile
import time
from pathlib import Path

from zsbench.errors import ConfigError
from zsbench.plan import Plan, Prediction, Reading, Stage
from zsbench.runner.side_by_side import limit_threads
from zsbench.runner.stage import execute, make_stage
from zsbench.runner.workbench import Workbench

__all__ = ["Repeater"]


class Repeater:
    """Makes everything that predictions wait for, then the predictions themselves as often as it is asked.

    Args:
        plan: What is predicted.
        bench: Models, and the store that holds or takes what predictions wait for.
        device: The torch device.
        threads: Threads to compute with.
    """

    def __init__(self, plan: Plan, bench: Workbench, device: str, threads: int) -> None:
        self._bench, self._device, self._threads = bench, device, threads
        needed = _closure(plan, [cell.prediction for cell in plan.cells])
        self.timed = [stage for stage in needed if isinstance(stage.work, Prediction | Reading)]
        self._waited_for = [stage for stage in needed if stage not in self.timed]

    def prepare(self) -> None:
        """Make what is missing.

        Raises:
            ConfigError: A stage failed.
        """
        limit_threads(self._threads)
        for stage in self._waited_for:
            record = make_stage(stage, self._bench, self._device)
            if record.state != "done":
                raise ConfigError(
                    f"{stage.kind} of {stage.label} failed: {record.reason}",
                    "What is timed comes after it.",
                    "See that `zsbench run` passes first.",
                    key="captioners",
                )
        limit_threads(self._threads)  # torch is there now

    def measure(self) -> dict[str, float]:
        """Predict once: seconds by kind and label of the stage; predictions are forgotten."""
        scratch = Path(tempfile.mkdtemp(prefix="zsbench-repeat-"))
        try:
            return {f"{stage.kind} {stage.label}": self._time(stage, scratch / stage.key) for stage in self.timed}
        finally:
            shutil.rmtree(scratch, ignore_errors=True)

    def _time(self, stage: Stage, folder: Path) -> float:
        """Make one stage in a folder of its own; seconds."""
        folder.mkdir()
        began = time.perf_counter()
        execute(stage, folder, self._bench, self._device)
        self._bench.places[stage.key] = folder
        return time.perf_counter() - began


def _closure(plan: Plan, keys: list[str]) -> list[Stage]:
    """The stages under some keys and everything they wait for, in the plan's order."""
    found: set[str] = set()
    while keys:
        key = keys.pop()
        if key not in found:
            found.add(key)
            keys.extend(plan.stages[key].inputs)
    return [stage for key, stage in plan.stages.items() if key in found]
