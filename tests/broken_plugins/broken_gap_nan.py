"""Broken: the gap model gives NaN."""

from __future__ import annotations

from typing import TYPE_CHECKING

from good_gap import IdentityGap

from zsbench.hookspecs import hookimpl
from zsbench.interfaces.specs import GapModelSpec

if TYPE_CHECKING:
    from torch import Generator, Tensor


class NanGap(IdentityGap):
    def text_to_image(self, features: Tensor, generator: Generator) -> Tensor:
        return features * float("nan")

    def image_to_text(self, features: Tensor, generator: Generator) -> Tensor:
        return features * float("nan")


@hookimpl
def zsbench_gap_models() -> list[GapModelSpec]:
    return [
        GapModelSpec(
            id="gap-nan",
            factory="broken_gap_nan:NanGap",
            config="good_gap:IdentityConfig",
        )
    ]
