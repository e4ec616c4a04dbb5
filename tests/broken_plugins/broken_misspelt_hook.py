"""Broken: the hook's name is misspelt, so it would never be called."""

from __future__ import annotations

from zsbench.hookspecs import hookimpl
from zsbench.interfaces.specs import CaptionerSpec


@hookimpl
def zsbench_captionerz() -> list[CaptionerSpec]:
    return [CaptionerSpec(id="misspelt", factory="good_captioner:ConstantCaptioner")]
