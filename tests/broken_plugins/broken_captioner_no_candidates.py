"""Broken: the captioner gives captions without any candidate."""

from __future__ import annotations

from good_captioner import ConstantCaptioner

from zsbench.hookspecs import hookimpl
from zsbench.interfaces import Caption, ImageBatch
from zsbench.interfaces.specs import CaptionerSpec


class NoCandidatesCaptioner(ConstantCaptioner):
    def caption(self, batch: ImageBatch) -> list[Caption]:
        return [Caption(()) for _ in batch.ids]


@hookimpl
def zsbench_captioners() -> list[CaptionerSpec]:
    return [
        CaptionerSpec(
            id="captions-no-candidates",
            factory="broken_captioner_no_candidates:NoCandidatesCaptioner",
            config="good_captioner:ConstantConfig",
        )
    ]
