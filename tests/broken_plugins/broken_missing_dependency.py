"""Broken: imports a package that is not installed."""

from __future__ import annotations

import zsbench_package_nobody_has_installed  # noqa: F401
from zsbench.hookspecs import hookimpl
from zsbench.interfaces.specs import CaptionerSpec


@hookimpl
def zsbench_captioners() -> list[CaptionerSpec]:
    return [CaptionerSpec(id="never-seen", factory="broken_missing_dependency:never")]
