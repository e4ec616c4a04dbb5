"""Broken: the captioner gives one caption more than there are images."""

from __future__ import annotations

from good_captioner import ConstantCaptioner

from zsbench.hookspecs import hookimpl
from zsbench.interfaces import Caption, ImageBatch
from zsbench.interfaces.specs import CaptionerSpec


class TooManyCaptioner(ConstantCaptioner):
    def caption(self, batch: ImageBatch) -> list[Caption]:
        captions = super().caption(batch)
        return [*captions, captions[0]]


@hookimpl
def zsbench_captioners() -> list[CaptionerSpec]:
    return [
        CaptionerSpec(
            id="captions-too-many",
            factory="broken_captioner_too_many:TooManyCaptioner",
            config="good_captioner:ConstantConfig",
        )
    ]
