"""The loaded language model: tokens, embeddings, logits, losses. Imports torch; only ``load`` imports this module."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence
from transformers import AutoModelForCausalLM, AutoTokenizer, GenerationConfig
from transformers.utils import logging

from zsbench.errors import ConfigError, CorruptDataError, FeatureError
from zsbench.flops import FlopCounter, measure
from zsbench.interfaces.language import TokenBatch
from zsbench.language.loss import text_loss
from zsbench.language.sources import has_safetensors

__all__ = ["FrozenModel", "SpecialTokens"]


@dataclass(frozen=True)
class SpecialTokens:
    """Ids of the token that leads every row, the one that ends it, and the one that fills it up."""

    lead: int
    end: int
    pad: int


class FrozenModel:
    """A causal language model on a device, its weights without gradients.

    Args:
        folder: The model's folder.
        precision: Of the weights.
        device: A torch device name.

    Attributes:
        device: Where it is.
        tokenizer: Of transformers.
        model: Of transformers.
        special: Ids of its special tokens.
        width: E, of the input embeddings.
        meter: Where work is counted; None counts nothing.

    Raises:
        ConfigError: The model is no causal language model, or does not take input embeddings.
        CorruptDataError: The weights are damaged or incomplete.
    """

    meter: FlopCounter | None = None

    def __init__(self, folder: Path, precision: str, device: str) -> None:
        self.device = torch.device(device)
        self.tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
        self.model = load_model(folder, precision).to(self.device)
        taken = inspect.signature(self.model.forward).parameters
        self._takes_positions, self._keeps_logits = "position_ids" in taken, "logits_to_keep" in taken
        self.special = find_special_tokens(self.tokenizer, self.model.config)
        self.width = int(self.model.get_input_embeddings().weight.shape[1])

    def tokenize(self, texts: Sequence[str], *, max_tokens: int, add_end: bool) -> TokenBatch:
        """Rows of leading token, text and end token, padded on the right."""
        room = max_tokens - 1 - add_end
        if room < 0:
            raise ConfigError(
                f"Texts are to be cut at {max_tokens} tokens.",
                "A row has room for its leading and end token.",
                "Set the number of tokens to 2 or more.",
                key="max_tokens",
            )
        end = [self.special.end] if add_end else []
        rows = [[self.special.lead, *row[:room], *end] for row in self.split(texts)]
        if not rows:
            return TokenBatch(torch.empty(0, 0, dtype=torch.long), torch.empty(0, 0, dtype=torch.bool))
        lengths = torch.tensor([len(row) for row in rows])
        ids = pad_sequence([torch.tensor(row) for row in rows], batch_first=True, padding_value=self.special.pad)
        return TokenBatch(ids, torch.arange(ids.shape[1]) < lengths[:, None])

    def embed(self, ids: Tensor) -> Tensor:
        """Input embeddings of token ids: (N, T) -> (N, T, E)."""
        embeddings: Tensor = self.model.get_input_embeddings()(ids.to(self.device))
        return embeddings

    def logits(self, embeddings: Tensor, mask: Tensor) -> Tensor:
        """Next-token logits, (N, T, V); positions count real tokens only."""
        self.check_width(embeddings)
        attended = mask.to(self.device, torch.long)
        positions = {"position_ids": (attended.cumsum(dim=-1) - 1).clamp(min=0)} if self._takes_positions else {}
        inputs = embeddings.to(self.device, self.model.dtype)
        with measure(self.meter, "logits", unit="tokens") as tally:
            output = self.model(inputs_embeds=inputs, attention_mask=attended, use_cache=False, **positions)
            tally.items += int(attended.sum())
        logits: Tensor = output.logits
        return logits.float()

    def text_loss(self, prefix: Tensor, tokens: TokenBatch) -> Tensor:
        """Summed cross-entropy of texts given their prefixes, (N, Q, E)."""
        self.check_width(prefix)
        with measure(self.meter, "logits", unit="tokens") as tally:
            tally.items += int(tokens.mask[:, 1:].sum())
            return text_loss(self.model, prefix.to(self.device), tokens, keeps_logits=self._keeps_logits)

    def split(self, texts: Sequence[str]) -> list[list[int]]:
        """Token ids of each text, without special tokens."""
        if not texts:
            return []
        rows: list[list[int]] = self.tokenizer(list(texts), add_special_tokens=False, truncation=False).input_ids
        return rows

    def check_width(self, embeddings: Tensor) -> None:
        """Refuse embeddings of another width.

        Raises:
            FeatureError: They are.
        """
        if embeddings.shape[2:] != (self.width,):
            raise FeatureError(
                f"Embeddings of shape {tuple(embeddings.shape)} reached the language model.",
                f"It takes (N, T, {self.width}).",
                "Build the captioner's output for the width of this language model.",
            )


def load_model(folder: Path, precision: str) -> Any:
    """The model of a folder, frozen and in evaluation mode, with none of its own decoding settings.

    Raises:
        ConfigError: It is no causal language model, or does not take input embeddings.
        CorruptDataError: The weights are damaged or incomplete.
    """
    try:
        with torch.random.fork_rng(devices=[]), _without_bar():
            loaded: Any = AutoModelForCausalLM.from_pretrained(
                folder,
                dtype=getattr(torch, precision),
                local_files_only=True,
                use_safetensors=has_safetensors(folder),
                output_loading_info=True,
            )
    except SafetensorError as error:
        raise _damaged(folder, str(error)) from error
    except ValueError as error:
        raise ConfigError(
            f"{folder} is no causal language model ({str(error)[:200]}).",
            "A language model is one that transformers' AutoModelForCausalLM loads.",
            "Name another one, such as facebook/opt-1.3b.",
            key="model",
        ) from error
    model, report = loaded
    if report["missing_keys"] or report["mismatched_keys"]:
        raise _damaged(folder, f"without {', '.join(sorted(map(str, report['missing_keys'])))[:200]}")
    if "inputs_embeds" not in inspect.signature(model.prepare_inputs_for_generation).parameters:
        raise ConfigError(
            f"The language model in {folder} does not take input embeddings.",
            "A captioner's prefix enters as embeddings.",
            "Name another one, such as facebook/opt-1.3b.",
            key="model",
        )
    model.generation_config = GenerationConfig()  # type: ignore[no-untyped-call]
    return model.eval().requires_grad_(False)


@contextmanager
def _without_bar() -> Iterator[None]:
    """No progress bar of transformers' own beside that of the run."""
    shown = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        yield
    finally:
        if shown:
            logging.enable_progress_bar()  # type: ignore[no-untyped-call]


def find_special_tokens(tokenizer: Any, config: Any) -> SpecialTokens:
    """The tokens that the model itself uses: what its tokenizer puts before a text, else what its settings name.

    Raises:
        ConfigError: Neither names an end token.
    """
    end = _first_known(tokenizer.eos_token_id, config.eos_token_id)
    if end is None:
        raise ConfigError(
            "Neither tokenizer nor settings of the language model name an end token.",
            "Generation stops at the end token.",
            "Set `eos_token` in tokenizer_config.json.",
            key="model",
        )
    own = tokenizer("").input_ids
    lead = _first_known(own[0] if own else None, tokenizer.bos_token_id, config.bos_token_id, end)
    pad = _first_known(tokenizer.pad_token_id, config.pad_token_id, end)
    assert lead is not None  # noqa: S101  the end token stands in
    assert pad is not None  # noqa: S101  as above
    return SpecialTokens(lead, end, pad)


def _first_known(*candidates: int | list[int] | None) -> int | None:
    """The first id that is set; of several, the first."""
    for candidate in candidates:
        if isinstance(candidate, list) and candidate:
            return candidate[0]
        if isinstance(candidate, int):
            return candidate
    return None


def _damaged(folder: Path, what: str) -> CorruptDataError:
    return CorruptDataError(
        f"The weights in {folder} do not load: {what}.",
        "They hold every tensor of the model.",
        "Fetch them again.",
        path=folder,
    )
