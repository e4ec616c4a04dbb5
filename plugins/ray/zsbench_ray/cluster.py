"""A Ray cluster, as the dispatch sees it: tasks, their results, and what nodes have."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from zsbench.errors import ConfigError
from zsbench.interfaces import StageView
from zsbench_ray.dispatch import Lost, Task
from zsbench_ray.needs import Node, TaskNeeds, find_needs
from zsbench_ray.node import ClusterRun, Refusal, StageResult, check_node, make_stage
from zsbench_ray.progress import ProgressBoard

__all__ = ["RayCluster", "list_nodes"]


class RayCluster:
    """The nodes of a Ray cluster, for one run.

    Args:
        ray: The package, connected.
        run: What every worker is told.
    """

    def __init__(self, ray: Any, run: ClusterRun) -> None:
        self.ray = ray
        self.run = run
        self.told = ray.put(run)
        self.make = ray.remote(make_stage)
        here = _at(ray.get_runtime_context().get_node_id())
        self.board = ray.remote(ProgressBoard).options(num_cpus=0, scheduling_strategy=here).remote()

    def check(self, token: str) -> None:
        """See that every node can take part.

        Raises:
            ConfigError: One cannot.
        """
        check = self.ray.remote(check_node)
        asked = [
            check.options(num_cpus=0, max_retries=0, scheduling_strategy=_at(node["NodeID"])).remote(self.told, token)
            for node in _alive(self.ray)
            if node["Resources"].get("CPU")
        ]
        for _, refusal in self.collect(asked, seconds=None):
            if isinstance(refusal, Refusal):
                raise ConfigError(refusal.found, refusal.expected, refusal.remedy, source="the cluster", key="engine")

    def send(self, stage: StageView) -> Task:
        """Have a stage made, when and where there is room; whether it is begun again is the dispatch's business."""
        needs = self._needs(stage)
        options = {"num_cpus": needs.cpus, "num_gpus": needs.gpus, "memory": needs.memory}
        task = self.make.options(**options, max_retries=0, name=f"{stage.kind}: {stage.label}")
        sent: Task = task.remote(self.told, stage.key, self.board)
        return sent

    def collect(self, tasks: Iterable[Task], seconds: float | None) -> list[tuple[Task, StageResult | Refusal | Lost]]:
        """The tasks that ended; waits for one up to some seconds, or for all of them."""
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

    def find_impossible(self, stages: Iterable[StageView]) -> StageView | None:
        """A stage that no node has room for, even with nothing else on it."""
        nodes = list_nodes(self.ray)
        return next((stage for stage in stages if not any(self._needs(stage).fit(node) for node in nodes)), None)

    def _needs(self, stage: StageView) -> TaskNeeds:
        """What a stage asks for, on the cluster as it is now."""
        return find_needs(stage.needs, self.run.threads, self.run.request.matrix.device, list_nodes(self.ray))

    def _result(self, task: Task) -> StageResult | Refusal | Lost:
        """What became of a task."""
        errors = self.ray.exceptions
        try:
            result: StageResult | Refusal = self.ray.get(task)
        except errors.RayTaskError as error:
            return _cannot_run(error)
        except errors.NodeDiedError:
            return Lost("its node died")
        except errors.OutOfMemoryError:
            return Lost("memory ran out on its node")
        except errors.RayError as error:
            return Lost(f"its worker process died ({type(error).__name__})")
        return result


def list_nodes(ray: Any) -> list[Node]:
    """What each node that is there has."""
    return [node["Resources"] for node in _alive(ray)]


def _alive(ray: Any) -> list[Mapping[str, Any]]:
    """The nodes that are there, as Ray tells of them."""
    return [node for node in ray.nodes() if node["Alive"]]


def _at(node: str) -> Any:
    """On this node and nowhere else."""
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    return NodeAffinitySchedulingStrategy(node, soft=False)


def _cannot_run(error: Exception) -> Refusal:
    """A task that raised before or beside its stage: zsbench is not there, or is wrong."""
    return Refusal(
        f"A worker cannot run a task of zsbench: {str(error).strip().splitlines()[-1].rstrip('.')}.",
        "Every node runs the same Python, packages and plugins as the command.",
        "Install on every node what the command runs with; Ray's logs under /tmp/ray have more.",
    )
