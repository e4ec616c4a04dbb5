"""Broken: the captioner judges its captions with NaN."""

from __future__ import annotations

from good_captioner import ConstantCaptioner

from zsbench.hookspecs import hookimpl
from zsbench.interfaces import Candidate, Caption, ImageBatch
from zsbench.interfaces.specs import CaptionerSpec


class ScoreNanCaptioner(ConstantCaptioner):
    def caption(self, batch: ImageBatch) -> list[Caption]:
        return [Caption((Candidate("a thing", score=float("nan")),)) for _ in batch.ids]


@hookimpl
def zsbench_captioners() -> list[CaptionerSpec]:
    return [
        CaptionerSpec(
            id="captions-score-nan",
            factory="broken_captioner_score_nan:ScoreNanCaptioner",
            config="good_captioner:ConstantConfig",
        )
    ]
