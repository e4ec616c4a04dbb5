"""Broken: the captioner leaves out the last caption of each batch."""

from __future__ import annotations

from good_captioner import ConstantCaptioner

from zsbench.hookspecs import hookimpl
from zsbench.interfaces import Caption, ImageBatch
from zsbench.interfaces.specs import CaptionerSpec


class TooFewCaptioner(ConstantCaptioner):
    def caption(self, batch: ImageBatch) -> list[Caption]:
        return super().caption(batch)[:-1]


@hookimpl
def zsbench_captioners() -> list[CaptionerSpec]:
    return [
        CaptionerSpec(
            id="captions-too-few",
            factory="broken_captioner_too_few:TooFewCaptioner",
            config="good_captioner:ConstantConfig",
        )
    ]
