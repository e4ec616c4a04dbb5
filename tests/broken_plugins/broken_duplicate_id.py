"""Broken: claims the id of ``good_captioner``, after an id of its own."""

from __future__ import annotations

from zsbench.hookspecs import hookimpl
from zsbench.interfaces.specs import CaptionerSpec


@hookimpl
def zsbench_captioners() -> list[CaptionerSpec]:
    return [
        CaptionerSpec(id="duplicate-own", factory="good_captioner:ConstantCaptioner"),
        CaptionerSpec(id="good-constant", factory="good_captioner:ConstantCaptioner"),
    ]
