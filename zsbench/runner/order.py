"""What an engine is told: enough to plan the same run again on another machine."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from zsbench.config import Matrix
from zsbench.plan import Plan
from zsbench.plugins import PluginControl
from zsbench.runner.outcome import Outcome
from zsbench.runner.reporter import Reporter
from zsbench.runner.side_by_side import Resources
from zsbench.runner.workbench import Workbench

__all__ = ["Engine", "Order"]


@dataclass(frozen=True)
class Order:
    """A run, as its command gave it.

    Attributes:
        matrix: What is run.
        data_root: Folder of the data, found already.
        cache: Folder of the store and of file hashes.
        control: Which plugins are wanted and blocked.
        online: Whether weights may be downloaded.
        address: Of a cluster; empty for whatever the engine does without one.
        store_url: Where machines share stage outputs; empty if they share the cache's file system.
        workers: Stages that may be made at once; None for as many as there is room for.
        profile: Whether work is counted.
    """

    matrix: Matrix
    data_root: Path
    cache: Path
    control: PluginControl
    online: bool = False
    address: str = ""
    store_url: str = ""
    workers: int | None = None
    profile: bool = False


class Engine(Protocol):
    """Places stages; what they compute does not depend on where."""

    def run(self, plan: Plan, bench: Workbench, resources: Resources, reporter: Reporter) -> Outcome:
        """Make everything that is missing; a failing stage takes down only what waits for it."""
