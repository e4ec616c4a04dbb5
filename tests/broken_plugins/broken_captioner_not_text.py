"""Broken: the captioner gives a number where the text of a caption belongs."""

from __future__ import annotations

from good_captioner import ConstantCaptioner

from zsbench.hookspecs import hookimpl
from zsbench.interfaces import Candidate, Caption, ImageBatch
from zsbench.interfaces.specs import CaptionerSpec


class NotTextCaptioner(ConstantCaptioner):
    def caption(self, batch: ImageBatch) -> list[Caption]:
        return [Caption((Candidate(42),)) for _ in batch.ids]  # type: ignore[arg-type]


@hookimpl
def zsbench_captioners() -> list[CaptionerSpec]:
    return [
        CaptionerSpec(
            id="captions-not-text",
            factory="broken_captioner_not_text:NotTextCaptioner",
            config="good_captioner:ConstantConfig",
        )
    ]
