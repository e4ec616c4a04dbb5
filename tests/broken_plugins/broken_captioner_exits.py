"""Broken: the captioner ends the process on its first batch."""

from __future__ import annotations

import sys

from good_captioner import ConstantCaptioner

from zsbench.hookspecs import hookimpl
from zsbench.interfaces import Caption, ImageBatch
from zsbench.interfaces.specs import CaptionerSpec


class ExitsCaptioner(ConstantCaptioner):
    def caption(self, batch: ImageBatch) -> list[Caption]:
        sys.exit("out of credits")


@hookimpl
def zsbench_captioners() -> list[CaptionerSpec]:
    return [
        CaptionerSpec(
            id="captions-exit",
            factory="broken_captioner_exits:ExitsCaptioner",
            config="good_captioner:ConstantConfig",
        )
    ]
