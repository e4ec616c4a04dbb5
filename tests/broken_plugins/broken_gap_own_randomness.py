"""Broken: the gap model draws from its own source of randomness, not from the generator."""

from __future__ import annotations

from typing import TYPE_CHECKING

from good_gap import IdentityGap

from zsbench.hookspecs import hookimpl
from zsbench.interfaces.specs import GapModelSpec

if TYPE_CHECKING:
    from torch import Generator, Tensor


class OwnRandomnessGap(IdentityGap):
    def text_to_image(self, features: Tensor, generator: Generator) -> Tensor:
        import torch

        noisy: Tensor = features + torch.randn(features.shape)
        unit: Tensor = noisy / noisy.norm(dim=-1, keepdim=True)
        return unit


@hookimpl
def zsbench_gap_models() -> list[GapModelSpec]:
    return [
        GapModelSpec(
            id="gap-own-randomness",
            factory="broken_gap_own_randomness:OwnRandomnessGap",
            config="good_gap:IdentityConfig",
        )
    ]
