"""Broken: a hook returns ids where specs belong."""

from __future__ import annotations

from zsbench.hookspecs import hookimpl


@hookimpl
def zsbench_captioners() -> list[str]:
    return ["just-an-id", "another-id"]
