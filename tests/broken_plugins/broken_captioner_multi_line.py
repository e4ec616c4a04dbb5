"""Broken: the captioner gives captions of several lines, each with another line separator."""

from __future__ import annotations

from good_captioner import ConstantCaptioner

from zsbench.hookspecs import hookimpl
from zsbench.interfaces import Candidate, Caption, ImageBatch
from zsbench.interfaces.specs import CaptionerSpec


class MultiLineCaptioner(ConstantCaptioner):
    def caption(self, batch: ImageBatch) -> list[Caption]:
        separators = ("\n", "\r", "\x0b", "\x0c", "\x85", "\u2028", "\u2029")
        return [Caption((Candidate(f"a thing{separators[i % len(separators)]}on a table"),)) for i in range(len(batch))]


@hookimpl
def zsbench_captioners() -> list[CaptionerSpec]:
    return [
        CaptionerSpec(
            id="captions-multi-line",
            factory="broken_captioner_multi_line:MultiLineCaptioner",
            config="good_captioner:ConstantConfig",
        )
    ]
