"""Broken: registers one id twice."""

from __future__ import annotations

from zsbench.hookspecs import hookimpl
from zsbench.interfaces.specs import CaptionerSpec


@hookimpl
def zsbench_captioners() -> list[CaptionerSpec]:
    return [CaptionerSpec(id="twice", factory="good_captioner:ConstantCaptioner")] * 2
