"""A run planned again in another process, for engines whose workers share no memory with the command."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from zsbench.data_roots import find_data_root
from zsbench.fingerprints import FileHashes
from zsbench.flops import FlopCounter
from zsbench.interfaces import RunRequest, StageRecord, StageView
from zsbench.interfaces.engine import Advance
from zsbench.plan import PlanOptions, make_plan
from zsbench.plugins import load_plugins
from zsbench.runner.execution import make_stage
from zsbench.stages import StageContext
from zsbench.store import Store

__all__ = ["RunWorker"]


class RunWorker:
    """Makes stages of a run by their keys; models stay loaded from one to the next.

    A stage's key is a hash of everything that its output depends on. So a worker that plans the same keys works on the
    same things; one that does not has other code, libraries, data or weights, and ``find`` gives None.

    Args:
        request: The run, as its command gave it, with paths of this machine.
        store: Where this machine finds and keeps outputs.
        cores: Cores that a stage may use.

    Raises:
        ZsbenchError: The run cannot be planned here.
    """

    def __init__(self, request: RunRequest, store: Store, *, cores: int) -> None:
        plugins = load_plugins(control=request.control)
        options = PlanOptions(FileHashes(request.cache), online=request.online)
        root = request.data_root or find_data_root(request.matrix.data_root, plugins.registry, request.cache)
        plan = make_plan(request.matrix, plugins.registry, root, options)
        self._stages = plan.stages
        meter = FlopCounter() if request.profile else None
        self._context = StageContext(store, request.matrix.device, meter=meter, cores=cores)

    def find(self, key: str) -> StageView | None:
        """The stage with a key; None if the same command leads to other work here."""
        return self._stages.get(key)

    def explain(self, kind: str, depends_on: Mapping[str, Any]) -> list[str]:
        """In what this machine's stages of a kind differ from one elsewhere, by the nearest of them."""
        from zsbench.plan.changes import name_changes

        found = [name_changes(depends_on, stage.depends_on) for stage in self._stages.values() if stage.kind == kind]
        return min(found, key=len, default=[])

    def make(self, key: str, *, advance: Advance, remark: Callable[[str], None]) -> StageRecord:
        """Make a stage that ``find`` finds, whose inputs are in the store."""
        self._context.progress, self._context.remark = advance, remark
        return make_stage(self._stages[key], self._context)

    def close(self) -> None:
        """Release what the stages keep, such as Java."""
        self._context.close()
