"""Noise on the sphere itself: features drawn around a feature from a von Mises-Fisher distribution."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from pydantic import Field

from zsbench.interfaces.gap import GapModel
from zsbench.interfaces.records import Frozen
from zsbench_gaps.features import normalise

if TYPE_CHECKING:
    from torch import Generator, Tensor

__all__ = ["VonMisesFisher", "VonMisesFisherConfig"]


class VonMisesFisherConfig(Frozen):
    """How concentrated the draws are."""

    kappa: float = Field(
        default=190.0, gt=0.0, description="concentration; at D = 512 the default turns as far as variance 0.016"
    )


class VonMisesFisher(GapModel):
    """Draws ``x' ~ vMF(x / |x|, kappa)``, density like ``exp(kappa mu^T x')`` on the unit sphere; both sides.

    ``x' = w mu + sqrt(1 - w^2) e`` with e uniform among the unit vectors orthogonal to mu, and the cosine w drawn by
    rejection (Wood 1994): a beta variable is made from a coordinate of a uniform direction, accepted against u.
    Unit: ``kappa`` has none. The mean cosine r solves kappa = r (D - r^2) / (1 - r^2), nearly (Banerjee et al. 2005,
    equation 4.4); Gaussian noise of variance s^2 turns as far at r = 1 / sqrt(1 + s^2 D).
    Fit: nothing. Norm of the output: 1.
    Source: Wood, *Simulation of the von Mises Fisher distribution*, 1994; an option of MacCap's public code.
    """

    def __init__(self, config: VonMisesFisherConfig) -> None:
        self.config = config

    def text_to_image(self, features: Tensor, generator: Generator) -> Tensor:
        """``(N, D)`` or ``(N, K, D)`` -> a draw around each, of the same shape, at unit norm."""
        return self._draw(features, generator)

    def image_to_text(self, features: Tensor, generator: Generator) -> Tensor:
        """``(N, D)`` or ``(N, K, D)``, of any norm -> a draw around each direction, at unit norm."""
        return self._draw(features, generator)

    def _draw(self, features: Tensor, generator: Generator) -> Tensor:
        """The formula of the class."""
        mu = normalise(features)
        flat = mu.reshape(-1, mu.shape[-1])  # (n, D)
        w = self._cosines(flat, generator).to(flat)[:, None]  # (n, 1)
        e = flat.new_empty(flat.shape).normal_(generator=generator)
        e = normalise(e - (e * flat).sum(-1, keepdim=True) * flat)  # orthogonal to mu
        return normalise(w * flat + (1.0 - w * w).clamp_min(0.0).sqrt() * e).reshape(features.shape)

    def _cosines(self, like: Tensor, generator: Generator) -> Tensor:
        """Cosines ``(n,)`` to the mean direction, float64, drawn until every one is accepted."""
        import torch

        kappa, m = self.config.kappa, like.shape[-1] - 1
        b = m / (math.sqrt(4.0 * kappa**2 + m**2) + 2.0 * kappa)
        x0 = (1.0 - b) / (1.0 + b)
        c = kappa * x0 + m * math.log1p(-(x0**2))
        w = torch.zeros(len(like), dtype=torch.float64, device=like.device)
        waiting = torch.arange(len(like), device=like.device)
        while len(waiting):
            proposed = _beta(len(waiting), m, like, generator)
            drawn = (1.0 - (1.0 + b) * proposed) / (1.0 - (1.0 - b) * proposed)
            u = torch.rand(len(waiting), generator=generator, dtype=torch.float64, device=like.device)
            accepted = kappa * drawn + m * torch.log1p(-x0 * drawn) - c >= u.log()
            w[waiting[accepted]] = drawn[accepted]
            waiting = waiting[~accepted]
        return w


def _beta(count: int, m: int, like: Tensor, generator: Generator) -> Tensor:
    """Draws of Beta(m / 2, m / 2), float64: ``(1 + g_0 / |g|) / 2`` for a Gaussian g of m + 1 dimensions."""
    g = like.new_empty((count, m + 1)).normal_(generator=generator).double()
    return (1.0 + g[:, 0] / g.norm(dim=-1)) / 2.0
