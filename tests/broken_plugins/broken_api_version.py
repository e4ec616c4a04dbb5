"""Broken: written for another version of the contracts."""

from __future__ import annotations

from zsbench.hookspecs import hookimpl
from zsbench.interfaces.specs import API_VERSION, CaptionerSpec


@hookimpl
def zsbench_captioners() -> list[CaptionerSpec]:
    return [
        CaptionerSpec(id="from-the-future", factory="good_captioner:ConstantCaptioner", api_version=API_VERSION + 1)
    ]
