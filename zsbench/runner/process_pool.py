"""Stages in several processes of one machine, each with its own share of the processor's cores.

Small models cannot use many threads, but many stages do not wait for each other. Workers are forked before anything
is computed, so they need no pickled plan and share the memory of torch itself. What a stage computes depends on
``threads``, never on how many workers there are.
"""

from __future__ import annotations

import importlib
import multiprocessing
import os
import signal
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess

from zsbench.cores import count_cores, limit_threads
from zsbench.interfaces import Resources, StageRecord, StageView, Work
from zsbench.interfaces.engine import Advance
from zsbench.provenance import peak_memory

__all__ = ["WorkerPool", "can_fork"]

TOLD_EVERY = 0.2


def can_fork() -> bool:
    """Whether this system forks processes, as workers need."""
    return "fork" in multiprocessing.get_all_start_methods() and sys.platform != "darwin"


@dataclass
class _Worker:
    """A process, the pipe to it, and the stage it makes."""

    process: BaseProcess
    pipe: Connection
    stage: StageView | None = None


class WorkerPool:
    """Hands stages to worker processes as they become ready.

    Args:
        work: What is to be made.
        resources: How many workers and scorers there are.
    """

    def __init__(self, work: Work, resources: Resources) -> None:
        self.work = work
        if any(stage.needs.computes for stage in work.stages):
            _share_torch()
        count = min(resources.processes, work.unfinished)
        self.workers = [self._fork(resources) for _ in range(count)]
        self.scorer = self.workers[-1] if resources.scorers else None
        self.apart = bool(resources.scorers)

    def run(self) -> None:
        """Go on until nothing is left, or no worker is."""
        try:
            while self.workers and self.work.unfinished:
                for worker in list(self.workers):
                    self._hand_out(worker)
                busy = {worker.pipe: worker for worker in self.workers if worker.stage}
                for pipe in wait(list(busy), timeout=1.0) if busy else ():
                    assert isinstance(pipe, Connection)  # noqa: S101  only these were given
                    self._hear(busy[pipe])
        finally:
            self._dismiss()

    def _fork(self, resources: Resources) -> _Worker:
        """Start a worker."""
        context = multiprocessing.get_context("fork")
        ours, theirs = context.Pipe()
        process = context.Process(
            target=_serve, args=(theirs, ours, self.work, resources), name="zsbench-worker"
        )  # no daemon: it may have processes that decode images
        process.start()
        theirs.close()
        return _Worker(process, ours)

    def _dismiss(self) -> None:
        """End every worker: idle ones close what they hold, busy ones are stopped."""
        for worker in self.workers:
            if worker.stage is None and worker.process.is_alive():
                worker.pipe.send(None)
                if worker.pipe.poll(10) and isinstance(peak := worker.pipe.recv(), int):
                    self.work.note_process(peak)
            else:
                worker.process.terminate()
            worker.process.join(10)
            worker.process.kill()  # this process would wait for it in the end
            worker.pipe.close()

    def _hand_out(self, worker: _Worker) -> None:
        """Give an idle worker the ready stage that comes first."""
        if worker.stage is not None:
            return
        stage = next((stage for stage in self.work.ready() if self._may(worker, stage)), None)
        if stage is None:
            return
        try:
            worker.pipe.send(stage.key)
        except OSError:  # it died while it was idle; the stage waits for another one
            self._bury(worker)
            return
        if stage.needs.alone:
            self.scorer = worker
        worker.stage = stage
        self.work.start(stage)

    def _may(self, worker: _Worker, stage: StageView) -> bool:
        """Whether a worker may make a stage: scoring is kept to one, and one that is there for it does nothing else."""
        if self.scorer is None:
            return True
        beside = not stage.needs.computes if self.apart else stage.needs.alone
        return (beside or not self.apart) if self.scorer is worker else not beside

    def _hear(self, worker: _Worker) -> None:
        """Take one message of a worker: progress, a remark, how its stage ended, or that it died."""
        stage = worker.stage
        assert stage is not None  # noqa: S101  only busy workers are heard
        try:
            message = worker.pipe.recv()
        except (EOFError, ConnectionError):
            self._bury(worker)
            message = StageRecord("failed", reason=_tell_death(worker.process.exitcode))
        if isinstance(message, StageRecord):
            worker.stage = None
            self.work.finish(stage, message)
        elif isinstance(message, str):
            self.work.remark(f"{stage.kind}: {stage.label}: {message}")
        else:
            self.work.advance(stage, *message)

    def _bury(self, worker: _Worker) -> None:
        """Go on without a worker that died."""
        worker.process.join(10)
        self.workers.remove(worker)
        if self.scorer is worker or len(self.workers) == 1:
            self.scorer = None  # whoever is left does everything


def _share_torch() -> None:
    """Load torch once for all workers: its own tables alone are a quarter of a gigabyte.

    Nothing is computed here: a forked process cannot use threads that another has started.
    """
    with suppress(ImportError):  # a captioner of a plugin may do without
        importlib.import_module("torch")


def _tell_death(code: int | None) -> str:
    """Why a stage has no output, when its worker has died."""
    return (
        f"The worker process died (exit code {code}). A worker ends when the run does. Memory may have run out: give "
        "it more or use fewer `--workers`, and run the same command again; finished chunks are kept."
    )


def _serve(pipe: Connection, theirs: Connection, work: Work, resources: Resources) -> None:
    """A worker's life: make the stages that the parent names, until it says stop or is gone."""
    theirs.close()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides
    limit_threads(resources.threads)
    cores = max(1, count_cores() // resources.workers)
    advance = _tell(pipe, os.getppid())
    try:
        while (key := pipe.recv()) is not None:
            pipe.send(work.make(work.stage(key), cores=cores, advance=advance, remark=pipe.send))
        work.close()
        pipe.send(peak_memory() or 0)
    except (EOFError, ConnectionError):
        work.close()  # the parent is gone
    os._exit(0)  # nothing of the parent's is to be torn down here


def _tell(pipe: Connection, parent: int) -> Advance:
    """A progress callback that tells the parent now and then, and ends a worker whose parent is gone."""
    told = 0.0

    def advance(done: int, total: int, tokens: int = 0) -> None:
        """Tell, unless something was told a moment ago."""
        nonlocal told
        if os.getppid() != parent:
            raise SystemExit(1)
        if time.monotonic() - told >= TOLD_EVERY:
            told = time.monotonic()
            pipe.send((done, total, tokens))

    return advance
