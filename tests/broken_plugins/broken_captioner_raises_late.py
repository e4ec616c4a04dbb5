"""Broken: the captioner raises on its third batch."""

from __future__ import annotations

from good_captioner import ConstantCaptioner

from zsbench.hookspecs import hookimpl
from zsbench.interfaces import Caption, ImageBatch
from zsbench.interfaces.specs import CaptionerSpec


class RaisesLateCaptioner(ConstantCaptioner):
    calls = 0

    def caption(self, batch: ImageBatch) -> list[Caption]:
        self.calls += 1
        if self.calls == 3:
            raise RuntimeError("CUDA out of memory (not really)")
        return super().caption(batch)


@hookimpl
def zsbench_captioners() -> list[CaptionerSpec]:
    return [
        CaptionerSpec(
            id="captions-raise-late",
            factory="broken_captioner_raises_late:RaisesLateCaptioner",
            config="good_captioner:ConstantConfig",
        )
    ]
