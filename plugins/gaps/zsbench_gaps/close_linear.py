"""A linear map from texts to images, fitted on pairs."""

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

__all__ = ["CloseLinear", "CloseLinearConfig"]


class CloseLinearConfig(Frozen):
    """Noise after the map, and what keeps the map from being singular."""

    noise_std: float = Field(
        default=0.04, ge=0.0, description="s, standard deviation in EACH dimension, after the map's renormalisation"
    )
    ridge: float = Field(default=0.0, ge=0.0, description="added to the diagonal of the texts' covariance")


class CloseLinear(FittedGapModel):
    """Maps texts by least squares and adds noise: ``t' = normalise(normalise(A t + b) + s n)``, ``n ~ N(0, I)``.

    ``A = C_vt (C_tt + ridge I)^-1`` and ``b = mean(v) - A mean(t)`` minimise ``sum |A t + b - v|^2`` over pairs.
    Images: ``v' = normalise(v)``.
    Unit: ``noise_std`` is a standard deviation in each dimension; 0.04 is CLOSE's for captions of many a picture,
    0.12 for one.
    Fit: PAIRS of text and image features, which ends zero-shot claims; two passes, float64. Norm of the output: 1.
    Source: CLOSE (Gu et al. 2023, arXiv 2211.09778), linear adapter.
    """

    requires: ClassVar[GapRequirement] = "paired"
    state_names: ClassVar[tuple[str, ...]] = ("matrix", "offset")

    def __init__(self, config: CloseLinearConfig) -> None:
        super().__init__()
        self.config = config

    def text_to_image(self, features: Tensor, generator: Generator) -> Tensor:
        """``(N, D)`` or ``(N, K, D)`` -> mapped and noisy, of the same shape, at unit norm."""
        A, b = self._fitted("matrix", features).to(features), self._fitted("offset", features).to(features)
        return normalise(add_noise(normalise(features @ A.T + b), self.config.noise_std, generator))

    def image_to_text(self, features: Tensor, generator: Generator) -> Tensor:
        """``(N, D)`` or ``(N, K, D)``, of any norm -> the same at unit norm."""
        return normalise(features)

    def _estimate(self, texts: Tensor, images: Tensor) -> dict[str, Tensor]:
        """``A`` as ``(D, D)`` and ``b`` as ``(D,)``, float64."""
        import torch

        mean_t, mean_v = stream_mean(texts, name="text"), stream_mean(images, name="image")
        C_tt = stream_covariance(texts, images, lambda t, _: (t - mean_t, t - mean_t))
        C_tv = stream_covariance(texts, images, lambda t, v: (t - mean_t, v - mean_v))
        C_tt.diagonal().add_(self.config.ridge)
        check_covariance(C_tt, pairs=len(texts))
        A = torch.linalg.solve(C_tt, C_tv).T.contiguous()
        return {"matrix": A, "offset": mean_v - A @ mean_t}
