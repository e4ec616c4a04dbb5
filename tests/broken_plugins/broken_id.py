"""Broken: an id that is not kebab-case."""

from __future__ import annotations

from zsbench.hookspecs import hookimpl
from zsbench.interfaces.specs import CaptionerSpec


@hookimpl
def zsbench_captioners() -> list[CaptionerSpec]:
    return [CaptionerSpec(id="../My Captioner", factory="good_captioner:ConstantCaptioner")]
