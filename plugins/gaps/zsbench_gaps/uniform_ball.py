"""Uniform noise within a ball: no feature moves farther than a stated distance."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from zsbench.interfaces.gap import GapModel
from zsbench.interfaces.records import Frozen
from zsbench_gaps.features import normalise

if TYPE_CHECKING:
    from torch import Generator, Tensor

__all__ = ["UniformBall", "UniformBallConfig"]

CAPDEC_RADIUS = 0.126
"""sqrt(0.016), CapDec's variance taken as a squared radius, as its flag for uniform noise does."""


class UniformBallConfig(Frozen):
    """How large the ball is."""

    radius: float = Field(
        default=CAPDEC_RADIUS, ge=0.0, description="r, largest distance in the joint space, before renormalisation"
    )


class UniformBall(GapModel):
    """Moves within a ball: ``x' = normalise(x + r u^(1/D) n / |n|)``, ``u ~ U(0, 1)``, ``n ~ N(0, I)``; both sides.

    Unit: ``radius`` is a distance in the joint space. In D dimensions nearly all of a ball is at its surface, so the
    move is nearly always of length r, whatever D is; the default moves far less than CapDec's Gaussian of the same
    number, whose length grows with sqrt(D).
    Fit: nothing. Norm of the output: 1. Every feature of a set moves on its own.
    Source: CapDec (Nukrai et al. 2022, arXiv 2211.00575), option of the public code.
    """

    def __init__(self, config: UniformBallConfig) -> None:
        self.config = config

    def text_to_image(self, features: Tensor, generator: Generator) -> Tensor:
        """``(N, D)`` or ``(N, K, D)`` -> moved features of the same shape, at unit norm."""
        return self._move(features, generator)

    def image_to_text(self, features: Tensor, generator: Generator) -> Tensor:
        """``(N, D)`` or ``(N, K, D)``, of any norm -> moved features of the same shape, at unit norm."""
        return self._move(features, generator)

    def _move(self, features: Tensor, generator: Generator) -> Tensor:
        """The formula of the class."""
        direction = normalise(features.new_empty(features.shape).normal_(generator=generator))
        u = features.new_empty((*features.shape[:-1], 1)).uniform_(generator=generator)
        return normalise(features + self.config.radius * u.pow(1.0 / features.shape[-1]) * direction)
