"""What runs on the nodes: the run is planned again, and a stage of the plan is made into the shared store.

A stage's key is a hash of everything that its output depends on: code, versions, data, weights and settings. So a
worker that plans the same keys works on the same things, and one that does not is refused.
"""

from __future__ import annotations

import contextlib
import os
import platform
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from zsbench.errors import ZsbenchError
from zsbench.fingerprints import FileHashes
from zsbench.plan import Plan, PlanOptions, make_plan
from zsbench.plugins import load_plugins
from zsbench.provenance import peak_memory
from zsbench.runner.cluster.board import teller
from zsbench.runner.cluster.environment import Refusal, compare_environments, describe_environment
from zsbench.runner.order import Order
from zsbench.runner.outcome import StageRecord
from zsbench.runner.side_by_side import limit_threads
from zsbench.runner.stage import make_stage
from zsbench.runner.workbench import Workbench
from zsbench.store import Entry, Store

__all__ = ["Errand", "Made", "Mission", "find_shared", "look_around", "make"]

PATIENCE = 90.0
"""Seconds until what one node wrote must be seen by another; NFS remembers for up to a minute what was not there."""


@dataclass(frozen=True)
class Mission:
    """What every worker of a run is told.

    Attributes:
        id: Of the run.
        order: What to plan.
        environment: The driver's.
        folder: The driver's working folder, to which relative paths belong.
        threads: That a stage computes with.
    """

    id: str
    order: Order
    environment: Mapping[str, str]
    folder: Path
    threads: int


@dataclass(frozen=True)
class Errand:
    """One stage to make.

    Attributes:
        kind: Of the stage.
        key: Of the stage.
        inputs: Kind and key of each stage that it waits for.
    """

    kind: str
    key: str
    inputs: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Made:
    """How a stage went, and in which process.

    Attributes:
        record: How it went.
        process: Node and process id.
        memory: The process's largest resident set so far, in bytes.
    """

    record: StageRecord
    process: str
    memory: int


@dataclass
class _Desk:
    """What a worker process keeps from stage to stage: the plan, and a bench with its models."""

    mission: str
    plan: Plan
    bench: Workbench


_desk: _Desk | None = None


def look_around(mission: Mission, token: Path) -> Refusal | None:
    """Whether this node can take part; the worker process is then ready for its first stage.

    Args:
        mission: The run.
        token: A file that the driver wrote into the store.
    """
    if not _is_seen(token):
        return Refusal(
            f"Node {_node()} does not see {token.parent}, the store of this run.",
            "Every node sees the store under the same path, on a file system that they share.",
            "Put the cache on a shared file system with ZSBENCH_CACHE.",
        )
    prepared = _prepare(mission)
    return prepared if isinstance(prepared, Refusal) else None


def make(mission: Mission, errand: Errand, board: Any) -> Made | Refusal:
    """Make one stage in this process.

    Args:
        mission: The run.
        errand: The stage.
        board: The actor that progress is told to.
    """
    desk = _prepare(mission)
    if isinstance(desk, Refusal):
        return desk
    stage = desk.plan.stages.get(errand.key)
    if stage is None:
        return _other_plan(errand)
    bench = desk.bench
    board.tell.remote(errand.key, 0, 0)
    bench.progress = teller(board, errand.key)
    for kind, key in errand.inputs:
        if find_shared(bench.store, kind, key) is None:
            return Refusal(
                f"Node {_node()} does not see {bench.store.path(kind, key)}, which another stage has made.",
                "Every node sees the store under the same path, on a file system that they share.",
                "Check the mount of that node.",
            )
        bench.places[key] = bench.store.path(kind, key)
    record = make_stage(stage, bench, mission.order.matrix.device)
    return Made(record, f"{_node()}/{os.getpid()}", peak_memory() or 0)


def find_shared(store: Store, kind: str, key: str, patience: float = PATIENCE) -> Entry | None:
    """A finished entry that another node may have written a moment ago; None if it is not seen in time."""
    limit = time.monotonic() + patience
    while (entry := store.find(kind, key)) is None and time.monotonic() < limit:
        _refresh(store.path(kind, key).parent)
        time.sleep(0.2)
    return entry


def _prepare(mission: Mission) -> _Desk | Refusal:
    """This process's desk for a run, set up once."""
    global _desk  # noqa: PLW0603  a worker process outlives its tasks, and models stay loaded
    if _desk is not None and _desk.mission == mission.id:
        return _desk
    try:
        prepared = _set_up(mission)
    except ZsbenchError as error:
        return Refusal(f"Node {_node()} cannot plan this run: {error.found}", error.expected, error.remedy)
    if isinstance(prepared, _Desk):
        if _desk is not None:
            _desk.bench.close()
        _desk = prepared
    return prepared


def _set_up(mission: Mission) -> _Desk | Refusal:
    """Plan the run as the driver did, in the same environment."""
    order = mission.order
    limit_threads(mission.threads)
    os.environ["ZSBENCH_CACHE"] = str(order.cache)
    with contextlib.suppress(OSError):  # without it only relative paths are lost, and they will be named
        os.chdir(mission.folder)
    plugins = load_plugins(control=order.control).load_all()
    if different := compare_environments(mission.environment, describe_environment(plugins.records), _node()):
        return different
    options = PlanOptions(FileHashes(order.cache), online=order.online)
    plan = make_plan(order.matrix, plugins.registry, order.data_root, options)
    return _Desk(mission.id, plan, Workbench(Store(order.cache / "store"), plugins.registry))


def _other_plan(errand: Errand) -> Refusal:
    """The same command leads to another plan here."""
    return Refusal(
        f"Node {_node()} plans other work than the command: it has no {errand.kind} stage {errand.key[:8]}.",
        "Data, weights, code and what metrics need are the same on every node.",
        "Compare `zsbench run --dry-run` and `zsbench doctor` on that node with this one.",
    )


def _is_seen(path: Path) -> bool:
    """Whether a file that another node has just written is here."""
    limit = time.monotonic() + PATIENCE
    while not path.is_file():
        if not path.parent.is_dir() or time.monotonic() > limit:
            return False
        _refresh(path.parent)
        time.sleep(0.2)
    return True


def _refresh(folder: Path) -> None:
    """Have a network file system look at a folder again: opening it ends what is remembered of it."""
    with contextlib.suppress(OSError):
        list(folder.iterdir())


def _node() -> str:
    """This node, as people know it."""
    return platform.node()
