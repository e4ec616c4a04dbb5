"""Broken: the gap model gives float64."""

from __future__ import annotations

from typing import TYPE_CHECKING

from good_gap import IdentityGap

from zsbench.hookspecs import hookimpl
from zsbench.interfaces.specs import GapModelSpec

if TYPE_CHECKING:
    from torch import Generator, Tensor


class DtypeGap(IdentityGap):
    def text_to_image(self, features: Tensor, generator: Generator) -> Tensor:
        return features.double()

    def image_to_text(self, features: Tensor, generator: Generator) -> Tensor:
        return features.double()


@hookimpl
def zsbench_gap_models() -> list[GapModelSpec]:
    return [
        GapModelSpec(
            id="gap-dtype",
            factory="broken_gap_dtype:DtypeGap",
            config="good_gap:IdentityConfig",
        )
    ]
