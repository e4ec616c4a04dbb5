"""The contract of a frozen causal language model that takes embeddings as input.

Shapes: N sequences, T tokens, Q prefix embeddings, E embedding width, V vocabulary.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from zsbench.interfaces.records import Frozen

if TYPE_CHECKING:
    from torch import Tensor

    from zsbench.flops import FlopCounter

__all__ = ["DecodingPrecision", "GenerationSettings", "LanguageModel", "TokenBatch"]

DecodingPrecision = Literal["own", "bfloat16", "int8"]


@dataclass(frozen=True)
class TokenBatch:
    """Tokenised texts, padded on the right.

    Attributes:
        ids: ``(N, T)`` int64.
        mask: ``(N, T)`` bool, True on real tokens.
    """

    ids: Tensor
    mask: Tensor


class GenerationSettings(Frozen):
    """Decoding: beam search without sampling."""

    beams: int = Field(default=4, ge=1, description="beam width; 1 is greedy")
    max_new_tokens: int = Field(default=16, ge=1, description="tokens to generate at most, the end token included")
    min_new_tokens: int = Field(default=0, ge=0, description="tokens to generate at least")
    length_penalty: float = Field(
        default=1.0, description="exponent of the length that divides a beam's log-probability"
    )
    precision: DecodingPrecision = Field(
        default="own", description="of the language model while it decodes; own: as it was trained with"
    )


class LanguageModel(ABC):
    """A frozen causal language model driven through its input embeddings.

    The constructor stores settings; ``load`` puts the weights on a device with gradients switched off for them.

    Attributes:
        generation_modules: Modules that ``generate`` alone runs; an edit of them does not retrain what a trainer made.
        meter: Where the model counts its work under ``decode`` and ``logits``, which a profiled run sets; see
            ``zsbench.flops``.
    """

    generation_modules: ClassVar[tuple[str, ...]] = ()
    meter: FlopCounter | None = None

    @property
    @abstractmethod
    def fingerprint(self) -> str:
        """Hash of weights content, tokenizer and library version; needs no loaded weights."""

    @property
    @abstractmethod
    def width(self) -> int:
        """E; needs ``load`` first."""

    @property
    def weights_bytes(self) -> int:
        """Size of the weights' files, by which an engine finds a place with enough memory; 0 if nobody knows."""
        return 0

    @abstractmethod
    def load(self, device: str = "cpu") -> None:
        """Put the frozen weights on a device; slow.

        Raises:
            MissingWeightsError: The weights are not on this machine and downloads are not allowed.
            ConfigError: The model does not take input embeddings.
        """

    @abstractmethod
    def tokenize(self, texts: Sequence[str], *, max_tokens: int, add_end: bool = True) -> TokenBatch:
        """Token ids of N texts with the model's own leading token and, unless told otherwise, the end token.

        Args:
            texts: The texts.
            max_tokens: Longest row, special tokens included; longer texts are cut, the end token kept.
            add_end: Whether the end token closes a row; a prompt has none.
        """

    @abstractmethod
    def embed(self, ids: Tensor) -> Tensor:
        """Input embeddings of token ids: ``(N, T)`` -> ``(N, T, E)``."""

    @abstractmethod
    def logits(self, embeddings: Tensor, mask: Tensor) -> Tensor:
        """Next-token logits ``(N, T, V)`` for input embeddings ``(N, T, E)`` and mask ``(N, T)``.

        Gradients flow to ``embeddings`` and nowhere else.
        """

    def text_loss(self, prefix: Tensor, tokens: TokenBatch) -> Tensor:
        """Cross-entropy of N texts given their prefixes, in nats, summed over every real token after the leading one.

        A model may override it to compute less: logits are only needed where a token is predicted.

        Args:
            prefix: ``(N, Q, E)`` embeddings that stand before the texts, on the model's device.
            tokens: The texts, ``(N, T)``.

        Returns:
            A scalar, float32. Gradients flow to the prefix and nowhere else.
        """
        import torch
        from torch.nn.functional import cross_entropy

        ids, mask = tokens.ids.to(prefix.device), tokens.mask.to(prefix.device)  # (N, T)
        seen = torch.cat((mask.new_ones(prefix.shape[:2]), mask[:, :-1]), dim=1)  # (N, Q+T-1)
        logits = self.logits(torch.cat((prefix, self.embed(ids[:, :-1])), dim=1), seen)  # (N, Q+T-1, V)
        predicted = logits[:, prefix.shape[1] :][mask[:, 1:]].float()  # (tokens, V)
        return cross_entropy(predicted, ids[:, 1:][mask[:, 1:]], reduction="sum")

    @abstractmethod
    def generate(
        self, prefix: Tensor, settings: GenerationSettings, *, prompts: Sequence[str] | None = None
    ) -> list[str]:
        """Continue each prefix; deterministic, each row independent of the others.

        Args:
            prefix: ``(N, Q, E)`` embeddings that stand before the text.
            settings: How to decode.
            prompts: N texts that stand between prefix and continuation; None for the leading token alone.

        Returns:
            N texts, special tokens removed, the best beam of each.

        Raises:
            ConfigError: The model does not decode in this precision here.
        """
