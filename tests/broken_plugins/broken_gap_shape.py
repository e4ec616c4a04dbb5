"""Broken: the gap model drops half of the joint width."""

from __future__ import annotations

from typing import TYPE_CHECKING

from good_gap import IdentityGap

from zsbench.hookspecs import hookimpl
from zsbench.interfaces.specs import GapModelSpec

if TYPE_CHECKING:
    from torch import Generator, Tensor


class ShapeGap(IdentityGap):
    def text_to_image(self, features: Tensor, generator: Generator) -> Tensor:
        return features[..., : features.shape[-1] // 2]

    def image_to_text(self, features: Tensor, generator: Generator) -> Tensor:
        return features[..., : features.shape[-1] // 2]


@hookimpl
def zsbench_gap_models() -> list[GapModelSpec]:
    return [
        GapModelSpec(
            id="gap-shape",
            factory="broken_gap_shape:ShapeGap",
            config="good_gap:IdentityConfig",
        )
    ]
