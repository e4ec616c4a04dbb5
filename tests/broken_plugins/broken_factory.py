"""Broken: loads well, but its factories name a module and a class that do not exist."""

from __future__ import annotations

from zsbench.hookspecs import hookimpl
from zsbench.interfaces.specs import CaptionerSpec


@hookimpl
def zsbench_captioners() -> list[CaptionerSpec]:
    return [
        CaptionerSpec(id="factory-module-gone", factory="zsbench_package_nobody_has_installed:Captioner"),
        CaptionerSpec(id="factory-class-gone", factory="good_captioner:NoSuchCaptioner"),
    ]
