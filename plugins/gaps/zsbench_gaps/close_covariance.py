"""Noise with the covariance of the differences between the images and the texts of pairs."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from zsbench.interfaces.gap import GapRequirement
from zsbench.interfaces.records import Frozen
from zsbench_gaps.features import add_noise, normalise
from zsbench_gaps.fitted import FittedGapModel
from zsbench_gaps.streaming import check_covariance, stream_covariance, stream_mean

if TYPE_CHECKING:
    from torch import Generator, Tensor

__all__ = ["CloseCovariance", "CloseCovarianceConfig"]


class CloseCovarianceConfig(Frozen):
    """How much noise of each kind."""

    covariance_scale: float = Field(
        default=3.0, ge=0.0, description="factor of the structured noise, not of its variance; 3 in CLOSE's code"
    )
    noise_std: float = Field(
        default=0.04, ge=0.0, description="s, standard deviation of the isotropic noise in EACH dimension"
    )
    ridge: float = Field(default=0.0, ge=0.0, description="added to the diagonal of the covariance")


class CloseCovariance(FittedGapModel):
    """Shifts texts and adds structured noise: ``t' = normalise(t + d + c N(0, S) + s n)``, ``n ~ N(0, I)``.

    ``d = mean(v - t)``, ``S = Cov(v - t)`` over pairs; c is ``covariance_scale``. Images: ``v' = normalise(v)``.
    Unit: c scales the noise itself, so its variance grows with c^2; s is a standard deviation in each dimension.
    Fit: PAIRS of text and image features, which ends zero-shot claims; two passes, float64. Norm of the output: 1.
    Source: CLOSE (Gu et al. 2023, arXiv 2211.09778), covariance-noise adapter; the 3 is fixed in the public code.
    """

    requires: ClassVar[GapRequirement] = "paired"
    state_names: ClassVar[tuple[str, ...]] = ("shift", "factor")

    def __init__(self, config: CloseCovarianceConfig) -> None:
        super().__init__()
        self.config = config

    def text_to_image(self, features: Tensor, generator: Generator) -> Tensor:
        """``(N, D)`` or ``(N, K, D)`` -> shifted and noisy, of the same shape, at unit norm."""
        d, L = self._fitted("shift", features).to(features), self._fitted("factor", features).to(features)
        structured = features.new_empty(features.shape).normal_(generator=generator) @ L.T
        shifted = features + d + self.config.covariance_scale * structured
        return normalise(add_noise(shifted, self.config.noise_std, generator))

    def image_to_text(self, features: Tensor, generator: Generator) -> Tensor:
        """``(N, D)`` or ``(N, K, D)``, of any norm -> the same at unit norm."""
        return normalise(features)

    def _estimate(self, texts: Tensor, images: Tensor) -> dict[str, Tensor]:
        """``d`` as ``(D,)`` and the Cholesky factor L of ``S = L L^T`` as ``(D, D)``, float64."""
        import torch

        d = stream_mean(images, name="image") - stream_mean(texts, name="text")
        S = stream_covariance(texts, images, lambda t, v: (v - t - d, v - t - d))
        S.diagonal().add_(self.config.ridge)
        check_covariance(S, pairs=len(texts))
        return {"shift": d, "factor": torch.linalg.cholesky(S)}
