"""Broken: the captioner gives None for every image."""

from __future__ import annotations

from good_captioner import ConstantCaptioner

from zsbench.hookspecs import hookimpl
from zsbench.interfaces import Caption, ImageBatch
from zsbench.interfaces.specs import CaptionerSpec


class NoneCaptioner(ConstantCaptioner):
    def caption(self, batch: ImageBatch) -> list[Caption]:
        return [None for _ in batch.ids]  # type: ignore[misc]


@hookimpl
def zsbench_captioners() -> list[CaptionerSpec]:
    return [
        CaptionerSpec(
            id="captions-none",
            factory="broken_captioner_none:NoneCaptioner",
            config="good_captioner:ConstantConfig",
        )
    ]
