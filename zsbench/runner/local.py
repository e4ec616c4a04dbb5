"""The local engine: stages in this process, or in several that work side by side."""

from __future__ import annotations

from zsbench.cores import limit_threads
from zsbench.interfaces import Engine, Resources, Work
from zsbench.runner.process_pool import WorkerPool, can_fork

__all__ = ["LocalEngine"]


class LocalEngine(Engine):
    """Makes every stage on this machine."""

    def run(self, work: Work, resources: Resources) -> None:
        """Make every stage; in this process what is left when all workers have died."""
        if min(resources.processes, work.unfinished) > 1 and can_fork():
            WorkerPool(work, resources).run()
        if work.unfinished:
            limit_threads(resources.threads)
        while ready := work.ready():
            work.start(ready[0])
            work.finish(ready[0], work.make(ready[0]))
