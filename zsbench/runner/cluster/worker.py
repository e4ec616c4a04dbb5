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
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from zsbench.data_roots import find_data_root
from zsbench.errors import MissingDataError, ZsbenchError
from zsbench.fingerprints import FileHashes
from zsbench.metering import Meter
from zsbench.plan import Plan, PlanOptions, make_plan
from zsbench.plugins import load_plugins
from zsbench.provenance import peak_memory
from zsbench.runner.cluster.board import teller
from zsbench.runner.cluster.environment import Refusal, compare_environments, describe_environment
from zsbench.runner.mirrored_store import MirroredStore, open_store
from zsbench.runner.order import Order
from zsbench.runner.outcome import StageRecord
from zsbench.runner.reporter import Advance
from zsbench.runner.side_by_side import limit_threads
from zsbench.runner.stage import make_stage
from zsbench.runner.workbench import Workbench
from zsbench.store import Entry, Store

__all__ = ["Errand", "Made", "Mission", "find_shared", "is_shared", "look_around", "make"]

OWN_CACHE = os.environ.get("ZSBENCH_CACHE")
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


def look_around(mission: Mission, token: str) -> Refusal | None:
    """Whether this node can take part; the worker process is then ready for its first stage.

    Args:
        mission: The run.
        token: Name of a file that the driver wrote into the store.
    """
    order = mission.order
    try:
        seen = _is_seen(open_store(_find_cache(order), order.store_url), token)
    except ZsbenchError as error:
        return Refusal(f"Node {_node()} has no store: {error.found}", error.expected, error.remedy)
    if not seen:
        return Refusal(
            f"Node {_node()} does not see {order.store_url or order.cache / 'store'}, the store of this run.",
            "Every node sees the store under the same path, on a file system that they share, or by a URL.",
            "Put the cache on a shared file system with ZSBENCH_CACHE, or name a URL with --store.",
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
    remarks: list[str] = []
    bench.progress, bench.remark = _follow(bench.store, errand, teller(board, errand.key)), remarks.append
    try:
        _find_inputs(errand, bench)
    except ZsbenchError as error:
        record = StageRecord("failed", reason=str(error))
    else:
        record = make_stage(stage, bench, mission.order.matrix.device)
    record = replace(record, remarks=(*record.remarks, *remarks))
    return Made(record, f"{_node()}/{os.getpid()}", peak_memory() or 0)


def _find_inputs(errand: Errand, bench: Workbench) -> None:
    """Have here what a stage waits for.

    Raises:
        MissingDataError: It is not seen here, or cannot be pulled.
    """
    for kind, key in errand.inputs:
        place = bench.store.path(kind, key)
        if find_shared(bench.store, kind, key) is None:
            raise MissingDataError(
                f"Node {_node()} does not see {place}, which another stage has made.",
                "Every node sees the store under the same path, on a file system that they share, or by a URL.",
                "Check the mount of that node, and run the same command again.",
                path=place,
            )
        bench.places[key] = place


def find_shared(store: Store, kind: str, key: str, patience: float = PATIENCE) -> Entry | None:
    """A finished entry that another node may have written a moment ago; None if it is not seen in time."""
    limit = time.monotonic() + patience
    while (entry := store.find(kind, key)) is None and time.monotonic() < limit:
        _refresh(store.path(kind, key).parent)
        time.sleep(0.2)
    return entry


def is_shared(store: Store, kind: str, key: str) -> bool:
    """Whether a finished entry of another node is where all can see it; where nodes share a URL it is not pulled."""
    if isinstance(store, MirroredStore):
        return store.is_shared(kind, key)
    return find_shared(store, kind, key) is not None


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
    cache = _find_cache(order)
    os.environ["ZSBENCH_CACHE"] = str(cache)
    with contextlib.suppress(OSError):  # without it only relative paths are lost, and they will be named
        os.chdir(mission.folder)
    plugins = load_plugins(control=order.control)
    if different := compare_environments(mission.environment, describe_environment(plugins.records), _node()):
        return different
    options = PlanOptions(FileHashes(cache), online=order.online)
    root = find_data_root(order.matrix.data_root, plugins.registry, cache) if order.store_url else order.data_root
    plan = make_plan(order.matrix, plugins.registry, root, options)
    meter = Meter() if order.profile else None
    bench = Workbench(open_store(cache, order.store_url), plugins.registry, meter=meter, cores=mission.threads)
    return _Desk(mission.id, plan, bench)


def _find_cache(order: Order) -> Path:
    """The cache: the command's, or, where only a URL is shared, what `ZSBENCH_CACHE` is on this node."""
    return Path(OWN_CACHE).expanduser() if order.store_url and OWN_CACHE else order.cache


def _follow(store: Store, errand: Errand, tell: Advance) -> Advance:
    """The progress callback of a stage, which also shares its chunks where nodes share no file system."""

    def advance(done: int, total: int, tokens: int = 0) -> None:
        """Tell and share."""
        tell(done, total, tokens)
        if isinstance(store, MirroredStore):
            store.push_chunks(errand.kind, errand.key)

    return advance


def _other_plan(errand: Errand) -> Refusal:
    """The same command leads to another plan here."""
    return Refusal(
        f"Node {_node()} plans other work than the command: it has no {errand.kind} stage {errand.key[:8]}.",
        "Data, weights, code and what metrics need are the same on every node.",
        "Compare `zsbench run --dry-run` and `zsbench doctor` on that node with this one.",
    )


def _is_seen(store: Store, name: str) -> bool:
    """Whether a file of the store that another node has just written is here."""
    limit = time.monotonic() + PATIENCE
    while not (store.sees(name) if isinstance(store, MirroredStore) else (store.root / name).is_file()):
        if time.monotonic() > limit or not (isinstance(store, MirroredStore) or store.root.is_dir()):
            return False
        _refresh(store.root)
        time.sleep(0.2)
    return True


def _refresh(folder: Path) -> None:
    """Have a network file system look at a folder again: opening it ends what is remembered of it."""
    with contextlib.suppress(OSError):
        list(folder.iterdir())


def _node() -> str:
    """This node, as people know it."""
    return platform.node()
