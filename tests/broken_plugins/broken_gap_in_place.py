"""Broken: the gap model writes into the features it was given."""

from __future__ import annotations

from typing import TYPE_CHECKING

from good_gap import IdentityGap

from zsbench.hookspecs import hookimpl
from zsbench.interfaces.specs import GapModelSpec

if TYPE_CHECKING:
    from torch import Generator, Tensor


class InPlaceGap(IdentityGap):
    def text_to_image(self, features: Tensor, generator: Generator) -> Tensor:
        return features.mul_(-1)

    def image_to_text(self, features: Tensor, generator: Generator) -> Tensor:
        return features.mul_(-1)


@hookimpl
def zsbench_gap_models() -> list[GapModelSpec]:
    return [
        GapModelSpec(
            id="gap-in-place",
            factory="broken_gap_in_place:InPlaceGap",
            config="good_gap:IdentityConfig",
        )
    ]
