"""Broken: the captioner gives strings where ``Caption`` records belong."""

from __future__ import annotations

from good_captioner import ConstantCaptioner

from zsbench.hookspecs import hookimpl
from zsbench.interfaces import Caption, ImageBatch
from zsbench.interfaces.specs import CaptionerSpec


class BareStringsCaptioner(ConstantCaptioner):
    def caption(self, batch: ImageBatch) -> list[Caption]:
        return ["a thing" for _ in batch.ids]  # type: ignore[misc]


@hookimpl
def zsbench_captioners() -> list[CaptionerSpec]:
    return [
        CaptionerSpec(
            id="captions-bare-strings",
            factory="broken_captioner_bare_strings:BareStringsCaptioner",
            config="good_captioner:ConstantConfig",
        )
    ]
