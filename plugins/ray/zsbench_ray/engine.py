"""The engine `ray`: the stages of a run as tasks on a Ray cluster."""

from __future__ import annotations

import uuid
from dataclasses import replace
from pathlib import Path
from typing import Any

from zsbench.cores import count_threads
from zsbench.errors import ConfigError
from zsbench.interfaces import Engine, Resources, RunRequest, Work
from zsbench_ray.cluster import RayCluster, list_nodes
from zsbench_ray.connection import connect
from zsbench_ray.dispatch import Dispatch
from zsbench_ray.mirrored_store import open_store
from zsbench_ray.needs import choose_threads
from zsbench_ray.node import ClusterRun, ExpectedStage
from zsbench_ray.shared_store import SharedStore, shared_token

__all__ = ["RayEngine"]


class RayEngine(Engine):
    """Makes stages on the nodes of a Ray cluster, which share the store.

    What a stage computes does not depend on where it is made, so predictions are those of the local engine.
    """

    def __init__(self, request: RunRequest) -> None:
        root = request.data_root and request.data_root.absolute()
        threads = request.matrix.threads or count_threads()  # so that nodes plan the keys of the command
        matrix = request.matrix.model_copy(update={"threads": threads})
        super().__init__(replace(request, matrix=matrix, cache=request.cache.absolute(), data_root=root))

    def open_store(self, root: Path) -> SharedStore:
        """The folder, which all nodes see, or this machine's own store before one at a URL."""
        return open_store(root, self.request.store_url)

    def run(self, work: Work, resources: Resources) -> None:
        """Have every stage made; a lost node costs its stages what they did since their last chunk.

        Raises:
            MissingDependencyError: Ray is not installed.
            ConfigError: There is no cluster, a node plans other work or does not see the store, or the device names one
                card of several.
        """
        _check_device(resources.device)
        if not work.unfinished:
            return
        store = self.open_store(self.request.cache / "store")
        with connect(self.request.address, work.remark) as ray:
            cluster = RayCluster(ray, self._describe(ray, work, resources))
            with shared_token(store) as token:
                cluster.check(token)
            Dispatch(work, cluster, store, self.request.workers).run()

    def _describe(self, ray: Any, work: Work, resources: Resources) -> ClusterRun:
        """What every worker is told."""
        return ClusterRun(
            id=uuid.uuid4().hex,
            request=self.request,
            folder=Path.cwd(),
            threads=choose_threads(resources, list_nodes(ray)),
            stages={stage.key: ExpectedStage(stage.kind, stage.label, stage.depends_on) for stage in work.stages},
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
