"""Good: a captioner that says one sentence, of which the fakes with broken captions are made."""

from __future__ import annotations

from zsbench.hookspecs import hookimpl
from zsbench.interfaces import Candidate, Caption, Captioner, CaptionerResources, Frozen, ImageBatch
from zsbench.interfaces.specs import CaptionerSpec


class ConstantConfig(Frozen):
    text: str = "a thing"


class ConstantCaptioner(Captioner[ConstantConfig]):
    def load(self, resources: CaptionerResources) -> None:
        self.resources = resources

    def caption(self, batch: ImageBatch) -> list[Caption]:
        return [Caption((Candidate(self.config.text),)) for _ in batch.ids]


@hookimpl
def zsbench_captioners() -> list[CaptionerSpec]:
    return [
        CaptionerSpec(
            id="good-constant",
            factory="good_captioner:ConstantCaptioner",
            config="good_captioner:ConstantConfig",
            summary="one sentence, whatever the image",
        )
    ]
