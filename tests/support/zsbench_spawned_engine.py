"""An engine in one file: stages in fresh processes that plan the run again, as on other machines."""

from __future__ import annotations

import multiprocessing
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait

from zsbench.hookspecs import hookimpl
from zsbench.interfaces import Engine, EngineSpec, Resources, RunRequest, StageRecord, Work
from zsbench.runner.worker import RunWorker
from zsbench.store import Store

WORKERS = 2
_worker: RunWorker | None = None


class SpawnedEngine(Engine):
    """Makes stages in two processes that share nothing with the command but the store."""

    def run(self, work: Work, resources: Resources) -> None:
        """Hand out what is ready, note what is done, until nothing is unfinished."""
        cores = resources.threads or 1
        with ProcessPoolExecutor(
            WORKERS, multiprocessing.get_context("spawn"), initializer=_plan, initargs=(self.request, cores)
        ) as pool:
            running = {}
            while work.unfinished:
                for stage in work.ready()[: WORKERS - len(running)]:
                    work.start(stage)
                    running[pool.submit(_make, stage.key)] = stage
                done, _ = wait(running, return_when=FIRST_COMPLETED)
                for future in done:
                    work.finish(running.pop(future), future.result())


def _plan(request: RunRequest, cores: int) -> None:
    """Plan the run in a process, once."""
    global _worker  # noqa: PLW0603  a process makes many stages
    _worker = RunWorker(request, Store(request.cache / "store"), cores=cores)


def _make(key: str) -> StageRecord:
    """Make one stage of the plan."""
    assert _worker is not None
    if _worker.find(key) is None:
        return StageRecord("failed", reason=f"This process plans no stage {key[:8]}: its code or data are others.")
    return _worker.make(key, advance=lambda done, total, tokens=0: None, remark=lambda text: None)


@hookimpl
def zsbench_engines() -> list[EngineSpec]:
    """This one."""
    return [EngineSpec(id="spawned", factory=SpawnedEngine, summary="fresh processes of this machine")]
