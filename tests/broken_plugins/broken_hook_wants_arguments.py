"""Broken: a hook takes an argument that the hook does not have."""

from __future__ import annotations

from zsbench.hookspecs import hookimpl
from zsbench.interfaces.specs import CaptionerSpec


@hookimpl
def zsbench_captioners(settings: object) -> list[CaptionerSpec]:
    return []
