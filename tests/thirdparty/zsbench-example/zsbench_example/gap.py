"""A gap model that blurs text features with uniform noise."""

from __future__ import annotations

import torch
from pydantic import Field
from torch import Generator, Tensor

from zsbench.interfaces import Frozen, GapModel

__all__ = ["UniformNoise", "UniformNoiseConfig"]


class UniformNoiseConfig(Frozen):
    """Settings of ``example-uniform``."""

    radius: float = Field(default=0.5, ge=0, le=10, description="radius of the ball, in units of the feature's norm")


class UniformNoise(GapModel):
    """Training features move to a random point of the ball around them; what comes out has unit norm.

    Args:
        config: The settings.
    """

    def __init__(self, config: UniformNoiseConfig) -> None:
        self.config = config

    def text_to_image(self, features: Tensor, generator: Generator) -> Tensor:
        """Add a point drawn uniformly from the ball, then renormalise.

        The direction is that of a Gaussian sample; the distance is ``radius * u ** (1 / D)`` with u uniform in [0, 1).

        Args:
            features: ``(N, D)`` or ``(N, K, D)`` float32, unit norm; not modified.
            generator: The only source of randomness; lives on the device of ``features``.

        Returns:
            Features of the same shape, dtype and device, unit norm.
        """
        device, dtype = features.device, features.dtype
        gaussian = torch.randn(features.shape, generator=generator, device=device, dtype=dtype)
        direction = torch.nn.functional.normalize(gaussian, dim=-1)  # (..., D)
        u = torch.rand(features.shape[:-1], generator=generator, device=device, dtype=dtype).unsqueeze(-1)  # (..., 1)
        distance = self.config.radius * u ** (1 / features.shape[-1])
        return torch.nn.functional.normalize(features + distance * direction, dim=-1)

    def image_to_text(self, features: Tensor, generator: Generator) -> Tensor:
        """Renormalise; at inference no noise is added.

        Args:
            features: ``(N, D)`` or ``(N, K, D)`` float32; not modified.
            generator: Not used.

        Returns:
            Features of the same shape, dtype and device, unit norm.
        """
        return torch.nn.functional.normalize(features, dim=-1)
