"""Broken: the captioner chooses a candidate that is not there."""

from __future__ import annotations

from good_captioner import ConstantCaptioner

from zsbench.hookspecs import hookimpl
from zsbench.interfaces import Candidate, Caption, ImageBatch
from zsbench.interfaces.specs import CaptionerSpec


class ChosenOutOfRangeCaptioner(ConstantCaptioner):
    def caption(self, batch: ImageBatch) -> list[Caption]:
        return [Caption((Candidate("a thing"),), chosen=1) for _ in batch.ids]


@hookimpl
def zsbench_captioners() -> list[CaptionerSpec]:
    return [
        CaptionerSpec(
            id="captions-chosen-out-of-range",
            factory="broken_captioner_chosen_out_of_range:ChosenOutOfRangeCaptioner",
            config="good_captioner:ConstantConfig",
        )
    ]
