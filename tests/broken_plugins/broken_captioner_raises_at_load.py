"""Broken: the captioner raises when it is loaded."""

from __future__ import annotations

from good_captioner import ConstantCaptioner

from zsbench.hookspecs import hookimpl
from zsbench.interfaces import CaptionerResources
from zsbench.interfaces.specs import CaptionerSpec


class RaisesAtLoadCaptioner(ConstantCaptioner):
    def load(self, resources: CaptionerResources) -> None:
        raise FileNotFoundError("weights.safetensors")


@hookimpl
def zsbench_captioners() -> list[CaptionerSpec]:
    return [
        CaptionerSpec(
            id="captions-raise-at-load",
            factory="broken_captioner_raises_at_load:RaisesAtLoadCaptioner",
            config="good_captioner:ConstantConfig",
        )
    ]
