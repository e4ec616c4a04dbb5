"""Broken: the captioner forgets to return."""

from __future__ import annotations

from good_captioner import ConstantCaptioner

from zsbench.hookspecs import hookimpl
from zsbench.interfaces import Caption, ImageBatch
from zsbench.interfaces.specs import CaptionerSpec


class ReturnsNothingCaptioner(ConstantCaptioner):
    def caption(self, batch: ImageBatch) -> list[Caption]:  # type: ignore[return]
        super().caption(batch)


@hookimpl
def zsbench_captioners() -> list[CaptionerSpec]:
    return [
        CaptionerSpec(
            id="captions-nothing",
            factory="broken_captioner_returns_nothing:ReturnsNothingCaptioner",
            config="good_captioner:ConstantConfig",
        )
    ]
