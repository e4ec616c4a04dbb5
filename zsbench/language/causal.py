"""A frozen causal language model through transformers; imports torch only when weights are loaded."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from zsbench.fingerprints import FileHashes
from zsbench.interfaces.language import GenerationSettings, LanguageModel, TokenBatch
from zsbench.language.settings import CausalConfig
from zsbench.language.sources import fingerprint_folder, measure_weights, resolve_folder

if TYPE_CHECKING:
    from torch import Tensor

    from zsbench.language.frozen import FrozenModel
    from zsbench.language.generation import TextGenerator

__all__ = ["CausalLanguageModel"]


class CausalLanguageModel(LanguageModel):
    """Any causal language model of transformers that takes input embeddings.

    A sequence is prefix, leading token, text, end token: the prefix stands before the model's own leading token
    in training and at inference.

    Args:
        config: Which model, and how.
        online: Whether missing weights may be downloaded.
        hashes: Remembered hashes of weights files, for ``fingerprint``; also an attribute.
    """

    generation_modules: ClassVar[tuple[str, ...]] = ("zsbench.language.generation",)

    def __init__(self, config: CausalConfig, *, online: bool = False, hashes: FileHashes | None = None) -> None:
        self.config = config
        self.online = online
        self.hashes = hashes
        self._loaded: FrozenModel | None = None
        self._made: TextGenerator | None = None

    def __getstate__(self) -> dict[str, Any]:
        """Settings alone, for another process, which loads the weights itself."""
        return {**self.__dict__, "hashes": None, "_loaded": None, "_made": None}

    @property
    def fingerprint(self) -> str:
        """Hash of weights, settings, tokenizer, precision and transformers' version.

        Raises:
            MissingWeightsError: The weights are not on this machine.
            ConfigError: The name is neither a folder nor a repository name.
        """
        return self._fingerprint

    @cached_property
    def _fingerprint(self) -> str:
        hashes = self.hashes if self.hashes is not None else FileHashes()
        return fingerprint_folder(self._folder, precision=self.config.precision, hashes=hashes)

    @cached_property
    def _folder(self) -> Path:
        return resolve_folder(self.config.model, online=self.online)

    @property
    def weights_bytes(self) -> int:
        """Size of the weights' files."""
        return measure_weights(self._folder)

    @property
    def width(self) -> int:
        """E, the width of the input embeddings (OPT-350m's differs from its hidden size)."""
        return self._model.width

    def load(self, device: str = "cpu") -> None:
        """Put the frozen weights on a device; slow.

        Raises:
            MissingWeightsError: The weights are not on this machine.
            ConfigError: The model is no causal language model, or does not take input embeddings.
            CorruptDataError: The weights are damaged or incomplete.
        """
        from zsbench.language.frozen import FrozenModel

        self._made = None
        self._loaded = FrozenModel(self._folder, self.config.precision, device)
        self._loaded.meter = self.meter

    def tokenize(self, texts: Sequence[str], *, max_tokens: int, add_end: bool = True) -> TokenBatch:
        """Rows of leading token, text and, unless told otherwise, end token; cut to ``max_tokens``, the end kept.

        Raises:
            ConfigError: ``max_tokens`` has no room for the special tokens.
        """
        return self._model.tokenize(texts, max_tokens=max_tokens, add_end=add_end)

    def embed(self, ids: Tensor) -> Tensor:
        """Input embeddings ``(N, T, E)`` of token ids ``(N, T)``, on the model's device."""
        return self._model.embed(ids)

    def logits(self, embeddings: Tensor, mask: Tensor) -> Tensor:
        """Next-token logits ``(N, T, V)``, float32, for embeddings ``(N, T, E)`` and mask ``(N, T)``.

        Raises:
            FeatureError: The embeddings have another width than the model's.
        """
        return self._model.logits(embeddings, mask)

    def text_loss(self, prefix: Tensor, tokens: TokenBatch) -> Tensor:
        """Summed cross-entropy of N texts given prefixes ``(N, Q, E)``; logits only where tokens are predicted.

        Raises:
            FeatureError: The prefix has another width than the model's embeddings.
        """
        return self._model.text_loss(prefix, tokens)

    def generate(
        self, prefix: Tensor, settings: GenerationSettings, *, prompts: Sequence[str] | None = None
    ) -> list[str]:
        """Continue prefix, leading token and prompt by beam search; see the contract.

        Raises:
            FeatureError: The prefix has another width than the model's embeddings.
            ConfigError: The sequence would be longer than the model's positions, or this model does not decode in that
                precision here.
        """
        return self._generator.generate(prefix, settings, prompts)

    @property
    def _model(self) -> FrozenModel:
        if self._loaded is None:
            raise RuntimeError("Call load() before the language model is used.")
        return self._loaded

    @property
    def _generator(self) -> TextGenerator:
        """What generates; made when the first text is."""
        from zsbench.language.generation import TextGenerator

        if self._made is None:
            self._made = TextGenerator(self._model, max_rows=self.config.max_rows)
        return self._made
