"""What this distribution registers."""

from __future__ import annotations

from zsbench.hookspecs import hookimpl
from zsbench.interfaces.specs import EngineSpec

__all__: list[str] = []


@hookimpl
def zsbench_engines() -> list[EngineSpec]:
    """The engine of a Ray cluster."""
    return [
        EngineSpec(
            id="ray",
            factory="zsbench_ray.engine:RayEngine",
            summary="tasks on a Ray cluster whose nodes share the store",
            tags=("cluster",),
        )
    ]
