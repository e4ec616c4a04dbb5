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
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess

from zsbench.plan import Stage
from zsbench.provenance import peak_memory
from zsbench.runner.outcome import Outcome, StageRecord
from zsbench.runner.reporter import Advance, Reporter
from zsbench.runner.stage import make_stage, note_stage
from zsbench.runner.workbench import Workbench

__all__ = ["Resources", "can_fork", "count_cores", "limit_threads", "run_side_by_side"]

MOST_WORKERS = 4
ORDER = (
    "text-features",
    "gap-fit",
    "train",
    "image-features",
    "references",
    "score",
    "compare",
    "read",
    "predict",
)
"""What goes first where several stages are ready: what most others wait for, then what ends a cell."""
SCORING = frozenset({"score"})
"""Kept to one worker, so that one METEOR process serves the run."""
BESIDE = frozenset({"references", "score", "compare"})
"""Left to the process that scores beside the others, where there is one."""
TOLD_EVERY = 0.2


@dataclass(frozen=True)
class Resources:
    """What a run may use.

    Attributes:
        device: A torch device.
        threads: CPU threads that a stage computes with; None for torch's default.
        workers: Processes that make stages side by side.
        scorers: Processes beside them that only tokenise, score and compare: one where an accelerator captions, which
            then goes on with the next cell.
    """

    device: str = "cpu"
    threads: int | None = None
    workers: int = 1
    scorers: int = 0

    @classmethod
    def choose(cls, device: str, threads: int | None, workers: int | None) -> Resources:
        """As many workers as asked for; else as a CPU's cores allow where threads are given, or one and a scorer."""
        if workers is not None:
            return cls(device, threads, workers)
        if not device.startswith("cpu"):
            return cls(device, threads, workers=1, scorers=1)
        fitting = 1 if threads is None else min(MOST_WORKERS, max(1, count_cores() // threads))
        return cls(device, threads, fitting)

    @property
    def processes(self) -> int:
        """Workers and scorers."""
        return self.workers + self.scorers


def count_cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def can_fork() -> bool:
    """Whether this system forks processes, as workers need."""
    return "fork" in multiprocessing.get_all_start_methods() and sys.platform != "darwin"


def limit_threads(threads: int | None) -> None:
    """Let this process compute with so many threads; None changes nothing."""
    if threads is None:
        return
    os.environ["OMP_NUM_THREADS"] = os.environ["MKL_NUM_THREADS"] = str(threads)
    if (torch := sys.modules.get("torch")) is not None:
        torch.set_num_threads(threads)


def run_side_by_side(
    stages: Sequence[Stage], bench: Workbench, resources: Resources, reporter: Reporter, outcome: Outcome
) -> list[Stage]:
    """Make stages in worker processes; the outcome is filled in.

    Returns:
        The stages that are left because every worker died.
    """
    crew = _Crew(stages, bench, resources, reporter, outcome)
    reporter.run_started(len(stages))  # after the fork: a reporter may have threads
    try:
        return crew.run()
    finally:
        crew.dismiss()


@dataclass
class _Worker:
    """A process, the pipe to it, and the stage it makes."""

    process: BaseProcess
    pipe: Connection
    stage: Stage | None = None


class _Crew:
    """Hands stages to workers as they become ready."""

    def __init__(
        self, stages: Sequence[Stage], bench: Workbench, resources: Resources, reporter: Reporter, outcome: Outcome
    ) -> None:
        self.waiting = list(stages)
        self.bench = bench
        self.reporter = reporter
        self.outcome = outcome
        self.by_key = {stage.key: stage for stage in stages}
        _share_torch(stages)
        self.workers = [self._hire(resources) for _ in range(min(resources.processes, len(stages)))]
        self.scorer = self.workers[-1] if resources.scorers else None
        self.apart = bool(resources.scorers)
        self.beside = BESIDE if resources.scorers else SCORING

    def _hire(self, resources: Resources) -> _Worker:
        """Fork a worker."""
        context = multiprocessing.get_context("fork")
        ours, theirs = context.Pipe()
        process = context.Process(
            target=_serve, args=(theirs, ours, self.by_key, self.bench, resources), name="zsbench-worker"
        )  # no daemon: it may have processes that decode images
        process.start()
        theirs.close()
        return _Worker(process, ours)

    def run(self) -> list[Stage]:
        """Go on until nothing is left; what is left if no worker is."""
        while self.workers and (self.waiting or any(worker.stage for worker in self.workers)):
            self._skip_lost()
            for worker in list(self.workers):
                self._hand_out(worker)
            busy = {worker.pipe: worker for worker in self.workers if worker.stage}
            for pipe in wait(list(busy), timeout=1.0) if busy else ():
                assert isinstance(pipe, Connection)  # noqa: S101  only these were given
                self._hear(busy[pipe])
        return self.waiting

    def dismiss(self) -> None:
        """End every worker: idle ones close what they hold, busy ones are stopped."""
        for worker in self.workers:
            if worker.stage is None and worker.process.is_alive():
                worker.pipe.send(None)
                if worker.pipe.poll(10) and isinstance(peak := worker.pipe.recv(), int):
                    self.outcome.worker_memory.append(peak)
            else:
                worker.process.terminate()
            worker.process.join(10)
            worker.process.kill()  # this process would wait for it in the end
            worker.pipe.close()

    def _skip_lost(self) -> None:
        """Drop the stages whose inputs failed."""
        for stage in list(self.waiting):
            if lost := self.outcome.lost(key for key in stage.inputs if key in self.outcome.stages):
                self.waiting.remove(stage)
                note_stage(stage, StageRecord("skipped", reason=lost), self.bench, self.reporter, self.outcome)

    def _hand_out(self, worker: _Worker) -> None:
        """Give an idle worker the ready stage that comes first."""
        if worker.stage is not None:
            return
        ready = [stage for stage in self.waiting if self._is_ready(stage) and self._may(worker, stage)]
        if not ready:
            return
        stage = min(ready, key=lambda ready: ORDER.index(ready.kind))
        try:
            worker.pipe.send((stage.key, self.bench.places))
        except OSError:  # it died while it was idle; the stage waits for another one
            self._bury(worker)
            return
        if stage.kind in SCORING:
            self.scorer = worker
        self.waiting.remove(stage)
        worker.stage = stage
        self.reporter.stage_started(stage)

    def _is_ready(self, stage: Stage) -> bool:
        """Whether every input is there."""
        return all(key in self.outcome.places for key in stage.inputs)

    def _may(self, worker: _Worker, stage: Stage) -> bool:
        """Whether a worker may make a stage: scoring is kept to one, and one that is there for it does nothing else."""
        if self.scorer is None:
            return True
        beside = stage.kind in self.beside
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
            note_stage(stage, message, self.bench, self.reporter, self.outcome)
        elif isinstance(message, str):
            self.reporter.remark(f"{stage.kind}: {stage.label}: {message}")
        else:
            self.reporter.stage_advanced(stage, *message)

    def _bury(self, worker: _Worker) -> None:
        """Go on without a worker that died."""
        worker.process.join(10)
        self.workers.remove(worker)
        if self.scorer is worker or len(self.workers) == 1:
            self.scorer = None  # whoever is left does everything


def _share_torch(stages: Sequence[Stage]) -> None:
    """Load torch once for all workers if stages compute: its own tables alone are a quarter of a gigabyte.

    Nothing is computed here: a forked process cannot use threads that another has started.
    """
    if any(stage.kind not in BESIDE for stage in stages):
        with suppress(ImportError):  # a captioner of a plugin may do without
            importlib.import_module("torch")


def _tell_death(code: int | None) -> str:
    """Why a stage has no output, when its worker has died."""
    return (
        f"The worker process died (exit code {code}). A worker ends when the run does. Memory may have run out: give "
        "it more or use fewer `--workers`, and run the same command again; finished chunks are kept."
    )


def _serve(
    pipe: Connection, theirs: Connection, stages: dict[str, Stage], bench: Workbench, resources: Resources
) -> None:
    """A worker's life: make the stages that the parent names, until it says stop or is gone."""
    theirs.close()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides
    limit_threads(resources.threads)
    bench.cores = max(1, count_cores() // resources.workers)
    bench.progress, bench.remark = _tell(pipe, os.getppid()), pipe.send
    try:
        while (order := pipe.recv()) is not None:
            key, places = order
            bench.places.update(places)
            pipe.send(make_stage(stages[key], bench, resources.device))
        bench.close()
        pipe.send(peak_memory() or 0)
    except (EOFError, ConnectionError):
        bench.close()  # the parent is gone
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
