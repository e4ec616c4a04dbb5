"""Retrieval on both sides: a feature becomes the mean of the text features nearest to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from zsbench.interfaces.gap import GapRequirement
from zsbench.interfaces.records import Frozen
from zsbench_gaps.features import add_noise, normalise
from zsbench_gaps.fitted import FittedGapModel
from zsbench_gaps.memory import check_memory_size, choose_memory, find_neighbours

if TYPE_CHECKING:
    from torch import Generator, Tensor

__all__ = ["KnnMemory", "KnnMemoryConfig"]


class KnnMemoryConfig(Frozen):
    """How many neighbours of what, and how much noise before and after."""

    neighbours: int = Field(default=5, ge=1, description="k, texts that are retrieved (IFCap: 5)")
    query_noise_variance: float = Field(
        default=0.04, ge=0.0, description="variance in EACH dimension of the noise on a text that retrieves (IFCap)"
    )
    noise_variance: float = Field(
        default=0.0, ge=0.0, description="variance in EACH dimension of the noise on the result, both sides"
    )
    memory_size: int | None = Field(
        default=None, ge=2, description="texts kept, evenly spaced in the corpus; none: all of them"
    )


class KnnMemory(FittedGapModel):
    """Replaces a feature by the mean of its k nearest text features, ``x' = normalise(mean(kNN_k(q)) + n)``.

    Texts retrieve with ``q = normalise(t + m)``, ``m ~ N(0, s_q^2 I)``, which is nearer to what an image would
    retrieve; t itself, and every text of the very same feature, is left out. Images retrieve with ``q = v / |v|``.
    ``n ~ N(0, s^2 I)``. Copies of a set retrieve each with noise of its own.
    Unit: variances in each dimension, of noise on unit vectors.
    Fit: text alone, the features of the corpus; the memory is the state (float32). Norm of the output: 1.
    Source: Knight (Wang et al. 2023, IJCAI), which keeps the k neighbours as a set and adds 0.5 N(0, I) to features
    that are not normalised; the noisy query is IFCap's (Lee et al. 2024, EMNLP), which leaves out the text itself but
    not its duplicates. The mean keeps the shape of the input.
    """

    requires: ClassVar[GapRequirement] = "text"
    state_names: ClassVar[tuple[str, ...]] = ("memory",)

    def __init__(self, config: KnnMemoryConfig) -> None:
        super().__init__()
        self.config = config

    def text_to_image(self, features: Tensor, generator: Generator) -> Tensor:
        """``(N, D)`` or ``(N, K, D)`` -> means of other texts, of the same shape, at unit norm."""
        queries = normalise(add_noise(features, self.config.query_noise_variance**0.5, generator))
        return self._replace(queries, generator, own=normalise(features))

    def image_to_text(self, features: Tensor, generator: Generator) -> Tensor:
        """``(N, D)`` or ``(N, K, D)``, of any norm -> means of texts, of the same shape, at unit norm."""
        return self._replace(normalise(features), generator)

    def _estimate(self, texts: Tensor, images: Tensor) -> dict[str, Tensor]:
        """The memory, ``(M, D)`` float32."""
        memory = choose_memory(texts, self.config.memory_size)
        check_memory_size(len(memory), self.config.neighbours + 1)
        return {"memory": memory}

    def _replace(self, queries: Tensor, generator: Generator, *, own: Tensor | None = None) -> Tensor:
        """The mean of each query's neighbours with noise; a query that has none stays."""
        memory = self._fitted("memory", queries).to(queries)
        flat = queries.reshape(-1, queries.shape[-1])  # (n, D)
        mine = None if own is None else own.reshape(flat.shape)
        cosines, rows = find_neighbours(flat, memory, self.config.neighbours, own=mine)
        there = cosines.isfinite()[..., None]  # (n, k, 1)
        summed = (memory[rows] * there).sum(-2)  # (n, D)
        mean = normalise(summed.where(there.any(-2), flat)).reshape(queries.shape)
        return normalise(add_noise(mean, self.config.noise_variance**0.5, generator))
