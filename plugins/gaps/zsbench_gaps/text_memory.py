"""Images as mixtures of text features: what a decoder of texts has seen, it can read."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from zsbench.interfaces.gap import GapRequirement
from zsbench.interfaces.records import Frozen
from zsbench_gaps.features import normalise
from zsbench_gaps.fitted import FittedGapModel
from zsbench_gaps.memory import choose_memory, mix_memory

if TYPE_CHECKING:
    from torch import Generator, Tensor

__all__ = ["TextMemory", "TextMemoryConfig"]


class TextMemoryConfig(Frozen):
    """How sharp the mixture is, and how large the memory."""

    temperature: float = Field(
        default=0.01, gt=0.0, description="tau of the softmax over cosines; 1/100 in DeCap's code"
    )
    memory_size: int | None = Field(
        default=500_000, ge=1, description="texts kept, evenly spaced in the corpus (DeCap: 500,000); none: all"
    )


class TextMemory(FittedGapModel):
    """Projects images onto a memory M of text features: ``v' = normalise(softmax(v M^T / tau) M)``.

    Texts: ``t' = normalise(t)``; training sees them as they are.
    Unit: ``temperature`` is tau of cosines, which lie in [-1, 1].
    Fit: text alone, the features of the corpus; M is the state (float32). Norm of the output: 1. The generator is not
    used. A projection runs block by block: no images x memory matrix is held.
    Source: DeCap (Li et al. 2023, arXiv 2303.03032), support memory and projection-based decoding. Its memory is
    an unseeded sample; here it is every n-th text, so that equal corpora give equal memories.
    """

    requires: ClassVar[GapRequirement] = "text"
    state_names: ClassVar[tuple[str, ...]] = ("memory",)

    def __init__(self, config: TextMemoryConfig) -> None:
        super().__init__()
        self.config = config

    def text_to_image(self, features: Tensor, generator: Generator) -> Tensor:
        """``(N, D)`` or ``(N, K, D)`` -> the same at unit norm."""
        return normalise(features)

    def image_to_text(self, features: Tensor, generator: Generator) -> Tensor:
        """``(N, D)`` or ``(N, K, D)``, of any norm -> mixtures of texts, of the same shape, at unit norm."""
        memory = self._fitted("memory", features).to(features)
        queries = normalise(features).reshape(-1, features.shape[-1])  # (n, D)
        return normalise(mix_memory(queries, memory, self.config.temperature)).reshape(features.shape)

    def _estimate(self, texts: Tensor, images: Tensor) -> dict[str, Tensor]:
        """The memory, ``(M, D)`` float32."""
        return {"memory": choose_memory(texts, self.config.memory_size)}
