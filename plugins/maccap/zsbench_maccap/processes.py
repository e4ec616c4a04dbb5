"""One training in several processes, each with a share of every batch; through Hugging Face's ``accelerate``.

The process that asked for the training computes nothing: it starts the others, keeps the journal, tells the progress
and takes over what came out. Every process draws the same batches and the same noise and takes every n-th caption of
each; gradients are added up, so a step is that of the whole batch up to rounding. With dropout each process draws masks
of its own.
"""

from __future__ import annotations

import importlib.util
import multiprocessing
import os
import socket
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.context import BaseContext
from typing import Any

import torch
from safetensors.torch import load, save
from torch import Tensor

from zsbench.errors import CaptionerError, ConfigError, MissingDependencyError
from zsbench.interfaces import Progress, TrainingJournal, TrainingState

__all__ = ["Peers", "RelayedJournal", "check_processes", "run_together"]


@dataclass(frozen=True)
class Peers:
    """The processes of a training, as one of them sees them.

    Attributes:
        rank: Which this one is.
        count: How many there are.
        accelerator: Adds tensors up over all of them; None for a training in one process.
    """

    rank: int = 0
    count: int = 1
    accelerator: Any = None

    @classmethod
    def join(cls, rank: int, count: int, port: int, *, cpu: bool) -> Peers:
        """Meet the others at a port of this machine."""
        from accelerate import Accelerator

        place = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "GLOO_SOCKET_IFNAME": "lo"}
        order = {"RANK": str(rank), "LOCAL_RANK": str(rank), "WORLD_SIZE": str(count)}
        os.environ.update({**place, **order, "ACCELERATE_USE_CPU": str(cpu).lower()})
        os.environ.setdefault("OMP_NUM_THREADS", "1")  # else accelerate chooses a number, and warns
        if cpu:
            torch.set_num_threads(1)  # a forked process has no pool of threads to wait for
        return cls(rank, count, Accelerator(cpu=cpu))

    def share(self, batch: int) -> Tensor:
        """The places in a batch that this process computes; perhaps none of a small one."""
        return torch.arange(batch)[self.rank :: self.count]

    def add_up(self, tensors: list[Tensor]) -> None:
        """Replace tensors by their sums over all processes, in one message."""
        if self.accelerator is None:
            return
        summed = self.accelerator.reduce(torch.cat([tensor.flatten() for tensor in tensors]), reduction="sum")
        for tensor, values in zip(tensors, summed.split([tensor.numel() for tensor in tensors]), strict=True):
            tensor.copy_(values.view_as(tensor))


class RelayedJournal(TrainingJournal):
    """What a process of a training has for a journal: the first one's states go to the process that asked for them.

    Args:
        begun: The state that the training begins with.
        pipe: To the process that keeps the journal; None for all but the first.
        due: Set when a state is due.
    """

    def __init__(self, begun: TrainingState | None, pipe: Any, due: Any) -> None:
        self.begun = begun
        self.pipe = pipe
        self.due = due

    def latest(self) -> TrainingState | None:
        """What the training begins with."""
        return self.begun

    def is_due(self) -> bool:
        """Whether the journal wants a state from this process."""
        return self.pipe is not None and bool(self.due.is_set())

    def keep(self, state: TrainingState) -> None:
        """Hand it on."""
        self.due.clear()
        self.pipe.send(("state", _pack(state)))

    def count_tokens(self, tokens: int) -> None:
        """Hand it on."""
        if self.pipe is not None:
            self.pipe.send(("tokens", tokens))

    def advance(self, done: int, total: int) -> None:
        """Hand on how far the training is."""
        if self.pipe is not None:
            self.pipe.send(("progress", (done, total)))


Body = Callable[[Peers, RelayedJournal], TrainingState]
"""A training in one of its processes; what it has come to."""


def check_processes(count: int, device: str) -> None:
    """Refuse a number of processes that cannot be started here.

    Raises:
        MissingDependencyError: ``accelerate`` is not installed.
        ConfigError: There are fewer GPUs, or the training runs in a worker, which may start no processes.
    """
    if importlib.util.find_spec("accelerate") is None:
        raise MissingDependencyError(
            f"`training.processes` is {count} and `accelerate` is not installed.",
            "It connects the processes of a training.",
            'Run `pip install "zsbench-maccap[accelerate]"`.',
        )
    if multiprocessing.current_process().daemon:
        raise ConfigError(
            f"`training.processes` is {count} and the stage runs in a worker process.",
            "A training of several processes is started from the main one.",
            "Run with `--workers 1`.",
            key="training.processes",
        )
    if torch.device(device).type == "cuda" and count > torch.cuda.device_count():
        raise ConfigError(
            f"`training.processes` is {count} and there are {torch.cuda.device_count()} GPUs.",
            "Each process has one of its own.",
            "Lower `training.processes`.",
            key="training.processes",
        )


def run_together(
    body: Body, count: int, *, device: str, journal: TrainingJournal | None, progress: Progress
) -> TrainingState:
    """Run a training in several processes, keep its journal and tell its progress.

    Args:
        body: What each process does; on CUDA it is pickled.
        count: How many processes.
        device: ``cpu`` for one that is shared, else a kind of device with one for each.
        journal: Where states are kept, if anywhere.
        progress: Called with (done, total) steps.

    Returns:
        What the first process came to; all come to the same.

    Raises:
        CaptionerError: A process died.
    """
    cpu = torch.device(device).type == "cpu"
    forks = cpu and "fork" in multiprocessing.get_all_start_methods()
    context = multiprocessing.get_context("fork" if forks else "spawn")
    ours, theirs = context.Pipe(duplex=False)
    due, port, begun = context.Event(), _free_port(), journal.latest() if journal else None
    if journal and journal.is_due():
        due.set()
    crew = []
    for rank in range(count):
        relay = RelayedJournal(begun, theirs if rank == 0 else None, due)
        crew.append(_start(context, (body, rank, count, port, cpu, relay)))
    theirs.close()
    try:
        while (told := _hear(ours, crew))[0] != "done":
            _pass_on(told, due, journal, progress)
    except EOFError:
        codes = ", ".join(str(process.exitcode) for process in crew)
        raise CaptionerError(
            f"A process of the training died (exit codes {codes}).",
            "All of them stay until its end.",
            "Look at what it printed; run with `training.processes` 1 to see whether one alone does it.",
            captioner="maccap",
        ) from None
    finally:
        for process in crew:
            process.join(10)
            process.terminate()
    return _unpack(told[1])


def _pack(state: TrainingState) -> tuple[int, bytes, dict[str, int | float | str]]:
    """A state as bytes, because tensors in a pipe want their sender to live on."""
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in state.tensors.items()}
    return state.steps, save(tensors), dict(state.facts)


def _unpack(packed: tuple[int, bytes, dict[str, int | float | str]]) -> TrainingState:
    """A state from its bytes."""
    return TrainingState(packed[0], load(packed[1]), packed[2])


def _start(context: BaseContext, work: tuple[Any, ...]) -> Any:
    """One process."""
    process = context.Process(target=_work, args=work, daemon=True)  # type: ignore[attr-defined]
    process.start()
    return process


def _work(body: Body, rank: int, count: int, port: int, cpu: bool, relay: RelayedJournal) -> None:
    """What a process does."""
    state = body(Peers.join(rank, count, port, cpu=cpu), relay)
    if relay.pipe is not None:
        relay.pipe.send(("done", _pack(state)))


def _hear(pipe: Any, crew: list[Any]) -> tuple[str, Any]:
    """The next that the first process says: what it has come to, or what is to be passed on.

    Raises:
        EOFError: One of them is gone.
    """
    while not pipe.poll(1.0):
        if any(process.exitcode for process in crew):
            raise EOFError
    told: tuple[str, Any] = pipe.recv()
    return told


def _pass_on(told: tuple[str, Any], due: Any, journal: TrainingJournal | None, progress: Progress) -> None:
    """Tell progress and journal; ask for a state if one is due."""
    kind, content = told
    if kind == "progress":
        progress(*content)
    elif journal is not None and kind == "tokens":
        journal.count_tokens(content)
    elif journal is not None:
        journal.keep(_unpack(content))
    if journal is not None and journal.is_due():
        due.set()


def _free_port() -> int:
    """A port of this machine that nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
