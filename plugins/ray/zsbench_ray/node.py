"""What runs on the nodes: the run is planned again, and a stage of the plan is made into the shared store.

A stage's key is a hash of everything that its output depends on: code, versions, data, weights and settings. So a
worker that plans the same keys works on the same things, and one that does not is refused.
"""

from __future__ import annotations

import contextlib
import os
import platform
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from zsbench.cores import limit_threads
from zsbench.errors import MissingDataError, ZsbenchError
from zsbench.interfaces import RunRequest, StageRecord, StageView
from zsbench.interfaces.engine import Advance
from zsbench.provenance import peak_memory
from zsbench.runner.worker import RunWorker
from zsbench_ray.mirrored_store import open_store
from zsbench_ray.progress import report_to
from zsbench_ray.shared_store import SharedStore

__all__ = ["ClusterRun", "ExpectedStage", "Refusal", "StageResult", "check_node", "make_stage"]

OWN_CACHE = os.environ.get("ZSBENCH_CACHE")
MOST_TOLD = 3
"""Differences between two machines that are told."""


@dataclass(frozen=True)
class ExpectedStage:
    """A stage as the command planned it.

    Attributes:
        kind: Such as ``train``.
        label: What people read.
        depends_on: Everything that its key is made from.
    """

    kind: str
    label: str
    depends_on: Mapping[str, Any]


@dataclass(frozen=True)
class ClusterRun:
    """What every worker of a run is told.

    Attributes:
        id: Of the run.
        request: What to plan.
        folder: The command's working folder, to which relative paths belong.
        threads: That a stage computes with.
        stages: What is to be made, by key.
    """

    id: str
    request: RunRequest
    folder: Path
    threads: int
    stages: Mapping[str, ExpectedStage]


@dataclass(frozen=True)
class Refusal:
    """Why a worker cannot take part: the three sentences of an error, which travel where its class would not."""

    found: str
    expected: str
    remedy: str


@dataclass(frozen=True)
class StageResult:
    """How a stage went, and in which process.

    Attributes:
        record: How it went.
        process: Node and process id.
        memory: The process's largest resident set so far, in bytes.
        remarks: What was worth saying while it was made.
    """

    record: StageRecord
    process: str
    memory: int
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Prepared:
    """What a worker process keeps from stage to stage: the plan with its models, and the store."""

    run: str
    worker: RunWorker
    store: SharedStore


_prepared: _Prepared | None = None


def check_node(run: ClusterRun, token: str) -> Refusal | None:
    """Whether this node can take part; the worker process is then ready for its first stage.

    Args:
        run: The run.
        token: Name of a file that the command wrote into the store.
    """
    request = _on_this_node(run.request)
    try:
        seen = open_store(request.cache / "store", request.store_url).await_file(token)
    except ZsbenchError as error:
        return Refusal(f"Node {_node()} has no store: {error.found}", error.expected, error.remedy)
    if not seen:
        return Refusal(
            f"Node {_node()} does not see {request.store_url or request.cache / 'store'}, the store of this run.",
            "Every node sees the store under the same path, on a file system that they share, or by a URL.",
            "Put the cache on a shared file system with ZSBENCH_CACHE, or name a URL with --store.",
        )
    prepared = _prepare(run)
    if isinstance(prepared, Refusal):
        return prepared
    other = next((stage for key, stage in run.stages.items() if prepared.worker.find(key) is None), None)
    return None if other is None else _explain(prepared.worker, other)


def make_stage(run: ClusterRun, key: str, board: Any) -> StageResult | Refusal:
    """Make one stage in this process.

    Args:
        run: The run.
        key: Of the stage.
        board: The actor that progress is told to.
    """
    prepared = _prepare(run)
    if isinstance(prepared, Refusal):
        return prepared
    stage = prepared.worker.find(key)
    if stage is None:
        return _explain(prepared.worker, run.stages[key])
    board.tell.remote(key, 0, 0)
    remarks: list[str] = []
    record = _make(prepared, stage, report_to(board, key), remarks.append)
    return StageResult(record, f"{_node()}/{os.getpid()}", peak_memory() or 0, tuple(remarks))


def _make(prepared: _Prepared, stage: StageView, tell: Advance, remark: Callable[[str], None]) -> StageRecord:
    """Make a stage once its inputs are here; chunks are shared as they are finished."""

    def advance(done: int, total: int, tokens: int = 0) -> None:
        """Tell and share."""
        tell(done, total, tokens)
        prepared.store.push_chunks(stage.kind, stage.key)

    try:
        for key in stage.input_keys:
            _fetch_input(prepared, key)
    except ZsbenchError as error:
        return StageRecord("failed", reason=str(error))
    return prepared.worker.make(stage.key, advance=advance, remark=remark)


def _fetch_input(prepared: _Prepared, key: str) -> None:
    """Have here what a stage reads.

    Raises:
        MissingDataError: It is not seen here, or cannot be pulled.
    """
    stage = prepared.worker.find(key)
    assert stage is not None  # noqa: S101  a plan has the inputs of its stages
    if prepared.store.wait_for(stage.kind, key) is None:
        place = prepared.store.path(stage.kind, key)
        raise MissingDataError(
            f"Node {_node()} does not see {place}, which another stage has made.",
            "Every node sees the store under the same path, on a file system that they share, or by a URL.",
            "Check the mount of that node, and run the same command again.",
            path=place,
        )


def _prepare(run: ClusterRun) -> _Prepared | Refusal:
    """What this process has for a run, set up once."""
    global _prepared  # noqa: PLW0603  a worker process outlives its tasks, and models stay loaded
    if _prepared is not None and _prepared.run == run.id:
        return _prepared
    try:
        prepared = _set_up(run)
    except ZsbenchError as error:
        return Refusal(f"Node {_node()} cannot plan this run: {error.found}", error.expected, error.remedy)
    if _prepared is not None:
        _prepared.worker.close()
    _prepared = prepared
    return prepared


def _set_up(run: ClusterRun) -> _Prepared:
    """Plan the run as the command did."""
    limit_threads(run.threads)
    request = _on_this_node(run.request)
    os.environ["ZSBENCH_CACHE"] = str(request.cache)
    with contextlib.suppress(OSError):  # without it only relative paths are lost, and they will be named
        os.chdir(run.folder)
    store = open_store(request.cache / "store", request.store_url)
    return _Prepared(run.id, RunWorker(request, store, cores=run.threads), store)


def _on_this_node(request: RunRequest) -> RunRequest:
    """The request with this node's paths: they are the command's, unless only a URL is shared."""
    if not request.store_url:
        return request
    cache = Path(OWN_CACHE).expanduser() if OWN_CACHE else request.cache
    return replace(request, cache=cache, data_root=None)


def _explain(worker: RunWorker, expected: ExpectedStage) -> Refusal:
    """The same command leads to other work here: in what it differs, causes before what follows from them."""
    changes = sorted(worker.explain(expected.kind, expected.depends_on), key=lambda change: change.endswith("another"))
    more = len(changes) - MOST_TOLD
    told = "; ".join(changes[:MOST_TOLD]) + (f"; and {more} more" if more > 0 else "")
    return Refusal(
        f"Node {_node()} plans another {expected.kind} of {expected.label} than the command; "
        f"from the command to the node: {told or 'it is not there'}.",
        "Every node has the same Python, packages, plugins, data and weights as the command.",
        f"Install on {_node()} what the command runs with, or use `--address local`, a cluster of this run alone.",
    )


def _node() -> str:
    """This node, as people know it."""
    return platform.node()
