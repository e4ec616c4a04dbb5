"""Broken: a hook forgets to return."""

from __future__ import annotations

from zsbench.hookspecs import hookimpl


@hookimpl
def zsbench_captioners() -> None:
    return
