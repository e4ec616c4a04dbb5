"""The engine `ray`: a plan's stages as tasks on a Ray cluster."""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from zsbench.errors import ConfigError, MissingDataError
from zsbench.plan import Plan, Stage
from zsbench.plugins import load_plugins
from zsbench.runner.cluster.board import Board
from zsbench.runner.cluster.connection import connect
from zsbench.runner.cluster.dispatch import Dispatch, Lost, Task
from zsbench.runner.cluster.environment import Refusal, describe_environment
from zsbench.runner.cluster.needs import Needs, choose_threads, find_needs, fits
from zsbench.runner.cluster.worker import Errand, Made, Mission, look_around, make
from zsbench.runner.local import LocalEngine, targets
from zsbench.runner.mirrored_store import MirroredStore
from zsbench.runner.order import Order
from zsbench.runner.outcome import Outcome
from zsbench.runner.reporter import Reporter
from zsbench.runner.side_by_side import Resources
from zsbench.runner.workbench import Workbench
from zsbench.store import Store, write_text

__all__ = ["RayEngine"]


class RayEngine:
    """Runs a plan on the nodes of a Ray cluster that see the store's file system.

    What a stage computes does not depend on where it is made, so predictions are those of the local engine.
    """

    def __init__(self, order: Order) -> None:
        self.order = replace(order, cache=order.cache.absolute(), data_root=order.data_root.absolute())

    def run(self, plan: Plan, bench: Workbench, resources: Resources, reporter: Reporter) -> Outcome:
        """Make everything that is missing; a lost node costs its stages what they did since their last chunk.

        Raises:
            MissingDependencyError: Ray is not installed.
            ConfigError: There is no cluster, a node has another environment or does not see the store, or the device
                names one card of several.
        """
        _check_device(resources.device)
        outcome = LocalEngine().survey(plan, bench.store, reporter)
        bench.places.update(outcome.places)
        missing = [stage for key, stage in plan.stages.items() if outcome.stages[key].state == "missing"]
        reporter.run_started(len(missing))
        if missing:
            with connect(self.order.address, reporter) as ray:
                nodes = _RayNodes(ray, plan, self._mission(ray, resources))
                with _token(bench.store) as token:
                    nodes.check(token)
                Dispatch(missing, bench, reporter, outcome, self.order.workers).run(nodes)
        _fetch(plan, bench.store, outcome)
        return outcome

    def _mission(self, ray: Any, resources: Resources) -> Mission:
        """What every worker is told."""
        plugins = load_plugins(control=self.order.control)
        return Mission(
            id=uuid.uuid4().hex,
            order=self.order,
            environment=describe_environment(plugins.records),
            folder=Path.cwd(),
            threads=choose_threads(resources, [node["Resources"] for node in _alive(ray)]),
        )


class _RayNodes:
    """A Ray cluster, as the dispatch sees it."""

    def __init__(self, ray: Any, plan: Plan, mission: Mission) -> None:
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

        self.ray = ray
        self.plan = plan
        self.mission = mission
        self.told = ray.put(mission)
        self.at = NodeAffinitySchedulingStrategy
        self.make = ray.remote(make)
        here = self.at(ray.get_runtime_context().get_node_id(), soft=False)
        self.board = ray.remote(Board).options(num_cpus=0, scheduling_strategy=here).remote()

    def check(self, token: str) -> None:
        """See that every node can take part.

        Raises:
            ConfigError: One cannot.
        """
        look = self.ray.remote(look_around)
        asked = [
            look.options(num_cpus=0, max_retries=0, scheduling_strategy=self.at(node["NodeID"], soft=False)).remote(
                self.told, token
            )
            for node in _alive(self.ray)
            if node["Resources"].get("CPU")
        ]
        for _, refusal in self.collect(asked, seconds=None):
            if isinstance(refusal, Refusal):
                raise ConfigError(refusal.found, refusal.expected, refusal.remedy, source="the cluster", key="engine")

    def send(self, stage: Stage) -> Task:
        """Have a stage made, when and where there is room; whether it is begun again is the dispatch's business."""
        needs = self._needs(stage)
        inputs = tuple((self.plan.stages[key].kind, key) for key in stage.inputs)
        options = {"num_cpus": needs.cpus, "num_gpus": needs.gpus, "memory": needs.memory}
        sent: Task = self.make.options(**options, max_retries=0, name=f"{stage.kind}: {stage.label}").remote(
            self.told, Errand(stage.kind, stage.key, inputs), self.board
        )
        return sent

    def collect(self, tasks: Iterable[Task], seconds: float | None) -> list[tuple[Task, Made | Refusal | Lost]]:
        """The tasks that ended."""
        pending = list(tasks)
        if not pending:
            return []
        count = len(pending) if seconds is None else 1
        ended, _ = self.ray.wait(pending, num_returns=count, timeout=seconds)
        return [(task, self._result(task)) for task in ended]

    def read_progress(self) -> Mapping[str, tuple[int, int, int]]:
        """What the board was told; nothing if it died, since a run needs no progress to go on."""
        try:
            said: Mapping[str, tuple[int, int, int]] = self.ray.get(self.board.read.remote())
        except self.ray.exceptions.ActorDiedError:
            return {}
        return said

    def find_impossible(self, stages: Iterable[Stage]) -> Stage | None:
        """A stage that no node has room for, even with nothing else on it."""
        nodes = [node["Resources"] for node in _alive(self.ray)]
        return next((s for s in stages if not any(fits(self._needs(s), node) for node in nodes)), None)

    def _needs(self, stage: Stage) -> Needs:
        """What a stage asks for, on the cluster as it is now."""
        nodes = (node["Resources"] for node in _alive(self.ray))
        return find_needs(stage, self.mission.threads, self.mission.order.matrix.device, nodes)

    def _result(self, task: Task) -> Made | Refusal | Lost:
        """What became of a task."""
        errors = self.ray.exceptions
        try:
            result: Made | Refusal = self.ray.get(task)
        except errors.RayTaskError as error:
            return _cannot_run(error)
        except errors.NodeDiedError:
            return Lost("its node died")
        except errors.OutOfMemoryError:
            return Lost("memory ran out on its node")
        except errors.RayError as error:
            return Lost(f"its worker process died ({type(error).__name__})")
        return result


def _alive(ray: Any) -> list[Mapping[str, Any]]:
    """The nodes that are there."""
    return [node for node in ray.nodes() if node["Alive"]]


def _cannot_run(error: Exception) -> Refusal:
    """A task that raised before or beside its stage: zsbench is not there, or is wrong."""
    return Refusal(
        f"A worker cannot run a task of zsbench: {str(error).strip().splitlines()[-1].rstrip('.')}.",
        "Every node runs the same Python, packages and plugins as the command.",
        "Install on every node what the command runs with; Ray's logs under /tmp/ray have more.",
    )


def _check_device(device: str) -> None:
    """Refuse a device that names a card: Ray gives each stage its own.

    Raises:
        ConfigError: It does.
    """
    if device.startswith("cuda") and device not in {"cuda", "cuda:0"}:
        raise ConfigError(
            f"The device is {device!r} with the engine `ray`.",
            "Ray gives each stage a card of its own, which that stage sees as the first.",
            "Say `--device cuda`.",
            source="--device",
            key="device",
        )


@contextlib.contextmanager
def _token(store: Store) -> Iterator[str]:
    """The name of a file in the store that only who shares it can see."""
    name = f"shared-{uuid.uuid4().hex}.token"
    if isinstance(store, MirroredStore):
        store.mark(name)
        try:
            yield name
        finally:
            store.remove(name)
        return
    store.root.mkdir(parents=True, exist_ok=True)
    write_text(store.root / name, "This file shows that nodes share the store.\n")
    try:
        yield name
    finally:
        (store.root / name).unlink(missing_ok=True)


def _fetch(plan: Plan, store: Store, outcome: Outcome) -> None:
    """Have here what records are written from, where nodes share a URL.

    Raises:
        MissingDataError: It was there and is gone or damaged.
    """
    wanted = [key for key in targets(plan) if key in outcome.places] if isinstance(store, MirroredStore) else []
    for key in wanted:
        if store.find(plan.stages[key].kind, key) is None:
            raise MissingDataError(
                f"{plan.stages[key].kind}/{key} is gone or damaged in the shared store.",
                "Records are written from it.",
                "Run the same command again: it is rebuilt.",
                path=store.path(plan.stages[key].kind, key),
            )
