"""Good: a gap model that gives features back at unit norm."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zsbench.hookspecs import hookimpl
from zsbench.interfaces import Frozen, GapModel
from zsbench.interfaces.specs import GapModelSpec

if TYPE_CHECKING:
    from torch import Generator, Tensor


class IdentityConfig(Frozen):
    pass


class IdentityGap(GapModel):
    def __init__(self, config: IdentityConfig) -> None:
        self.config = config

    def text_to_image(self, features: Tensor, generator: Generator) -> Tensor:
        unit: Tensor = features / features.norm(dim=-1, keepdim=True)
        return unit

    def image_to_text(self, features: Tensor, generator: Generator) -> Tensor:
        unit: Tensor = features / features.norm(dim=-1, keepdim=True)
        return unit


@hookimpl
def zsbench_gap_models() -> list[GapModelSpec]:
    return [
        GapModelSpec(
            id="good-identity",
            factory="good_gap:IdentityGap",
            config="good_gap:IdentityConfig",
            summary="features as they are",
        )
    ]
