"""The loaded language model: logits and beam search. Imports torch; only ``load`` imports this module."""

from __future__ import annotations

import inspect
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
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
from zsbench.interfaces.language import DecodingPrecision, GenerationSettings, TokenBatch
from zsbench.language.decoding import Decoder
from zsbench.language.loss import text_loss
from zsbench.language.opt import OptSteps, is_opt
from zsbench.language.settings import CausalConfig
from zsbench.language.sources import has_safetensors
from zsbench.linear import has_independent_rows, has_int8, has_onednn
from zsbench.metering import Meter, Tally, measure

__all__ = ["FrozenModel", "SpecialTokens"]

CPU_ROWS, CPU_ROWS_OF_SMALL = 32, 128
"""Prefixes decoded at once on a CPU, by a model of any size and by a small one.

The kernels of a matrix product, and with them the last bits of its rows, change with the number of rows, and a last
bit may turn a beam. So every pass of a model has the same number, filled up where there are fewer.
"""
PROMPTED_ROWS = 32
"""Prefixes with a prompt decoded at once where their number is fixed; prompts of one length are few."""
SMALL_MODEL = 10_000_000
"""Parameters that a small model has fewer than; its time goes to overhead, not to arithmetic."""


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
        config: Precision, and rows decoded at once.
        device: A torch device name.

    Attributes:
        meter: Where work is counted; None counts nothing.

    Raises:
        ConfigError: The model is no causal language model, or does not take input embeddings.
        CorruptDataError: The weights are damaged or incomplete.
    """

    meter: Meter | None = None

    def __init__(self, folder: Path, config: CausalConfig, device: str) -> None:
        self._device = torch.device(device)
        self._tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
        self._model = load_model(folder, config.precision).to(self._device)
        small = sum(parameter.numel() for parameter in self._model.parameters()) < SMALL_MODEL
        on_cpu = CPU_ROWS_OF_SMALL if small else CPU_ROWS
        self._rows = on_cpu if self._device.type == "cpu" else config.max_rows
        self._prompted_rows = min(self._rows, PROMPTED_ROWS)
        taken = inspect.signature(self._model.forward).parameters
        self._takes_positions, self._keeps_logits = "position_ids" in taken, "logits_to_keep" in taken
        self._decoders: dict[DecodingPrecision, tuple[Decoder, Decoder] | None] = {}
        self._special = find_special_tokens(self._tokenizer, self._model.config)
        self.width = int(self._model.get_input_embeddings().weight.shape[1])

    def _find_decoders(self, precision: DecodingPrecision) -> tuple[Decoder, Decoder] | None:
        """The own decoding loop in a precision, without and with prompts; None where it is not to be had.

        It knows OPT models. On a CPU it is used only where rows are seen to be independent, and is the same for both.
        """
        if precision not in self._decoders:
            self._decoders[precision] = self._make_decoders(precision)
        return self._decoders[precision]

    def _make_decoders(self, precision: DecodingPrecision) -> tuple[Decoder, Decoder] | None:
        on_cpu, end = self._device.type == "cpu", self._special.end
        dtype = torch.bfloat16 if precision == "bfloat16" else self._model.dtype
        if not is_opt(self._model) or (precision == "int8" and not has_int8(self._device)):
            return None
        if on_cpu and not has_onednn(dtype, self._device):
            return None
        steps = OptSteps(self._model, onednn=on_cpu, precision=precision)
        if not on_cpu:
            return Decoder(steps, end=end, items=self._rows), Decoder(steps, end=end, items=self._prompted_rows)
        if not has_independent_rows(steps.products, dtype):
            return None
        decoder = Decoder(steps, end=end)
        return decoder, decoder

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
        end = [self._special.end] if add_end else []
        rows = [[self._special.lead, *row[:room], *end] for row in self._split(texts)]
        if not rows:
            return TokenBatch(torch.empty(0, 0, dtype=torch.long), torch.empty(0, 0, dtype=torch.bool))
        lengths = torch.tensor([len(row) for row in rows])
        ids = pad_sequence([torch.tensor(row) for row in rows], batch_first=True, padding_value=self._special.pad)
        return TokenBatch(ids, torch.arange(ids.shape[1]) < lengths[:, None])

    def embed(self, ids: Tensor) -> Tensor:
        """Input embeddings of token ids: (N, T) -> (N, T, E)."""
        embeddings: Tensor = self._model.get_input_embeddings()(ids.to(self._device))
        return embeddings

    def logits(self, embeddings: Tensor, mask: Tensor) -> Tensor:
        """Next-token logits, (N, T, V); positions count real tokens only."""
        self._check_width(embeddings)
        attended = mask.to(self._device, torch.long)
        positions = {"position_ids": (attended.cumsum(dim=-1) - 1).clamp(min=0)} if self._takes_positions else {}
        inputs = embeddings.to(self._device, self._model.dtype)
        with measure(self.meter, "logits", unit="tokens") as tally:
            output = self._model(inputs_embeds=inputs, attention_mask=attended, use_cache=False, **positions)
            tally.items += int(attended.sum())
        logits: Tensor = output.logits
        return logits.float()

    def text_loss(self, prefix: Tensor, tokens: TokenBatch) -> Tensor:
        """Summed cross-entropy of texts given their prefixes, (N, Q, E)."""
        self._check_width(prefix)
        with measure(self.meter, "logits", unit="tokens") as tally:
            tally.items += int(tokens.mask[:, 1:].sum())
            return text_loss(self._model, prefix.to(self._device), tokens, keeps_logits=self._keeps_logits)

    @torch.inference_mode()
    def generate(self, prefix: Tensor, settings: GenerationSettings, prompts: Sequence[str] | None) -> list[str]:
        """The best continuation of each row; equal rows are decoded once.

        Rows with prompts of one length are decoded together, without padding.

        Raises:
            ConfigError: This model does not decode in that precision here, or the text would be too long.
        """
        self._check_width(prefix)
        starts = self._start_rows(len(prefix), prompts)
        self._check_length(prefix.shape[1] + max(map(len, starts), default=0) + settings.max_new_tokens)
        _check_lengths(settings)
        keys = [(row.numpy().tobytes(), tuple(start)) for row, start in zip(prefix.cpu(), starts, strict=True)]
        distinct = list({key: row for row, key in reversed(list(enumerate(keys)))}.values())[::-1]
        texts: dict[tuple[bytes, tuple[int, ...]], str] = {}
        for rows in _group_rows({row: starts[row] for row in distinct}):
            ids = torch.tensor([starts[row] for row in rows])
            embeddings = torch.cat([prefix[rows].to(self._device, self._model.dtype), self.embed(ids)], dim=1)
            found = self._continue(embeddings, settings, prompted=prompts is not None)
            for row, text in zip(rows, self._tokenizer.batch_decode(found, skip_special_tokens=True), strict=True):
                texts[keys[row]] = text.strip()
        return [texts[key] for key in keys]

    def _start_rows(self, count: int, prompts: Sequence[str] | None) -> list[list[int]]:
        if prompts is None:
            return [[self._special.lead]] * count
        if len(prompts) != count:
            raise FeatureError(
                f"There are {count} prefixes and {len(prompts)} prompts.",
                "Each prefix has its prompt.",
                "Give one prompt a row, or none at all.",
            )
        return [[self._special.lead, *row] for row in self._split(prompts)]

    def _continue(self, embeddings: Tensor, settings: GenerationSettings, *, prompted: bool) -> list[list[int]]:
        """Tokens that follow (N, Q + T, E) prefixes and starts."""
        with measure(self.meter, "decode", unit="tokens") as tally:
            decoders = self._find_decoders(settings.precision)
            if decoders is not None:
                return decoders[prompted].decode(embeddings, settings, tally)
            if settings.precision != "own":
                raise _no_decoder(settings.precision, self._device)
            size = self._prompted_rows if prompted else self._rows
            decoding = self._describe_decoding(settings)
            chunks = torch.split(embeddings, size)
            return [row for chunk in chunks for row in self._continue_chunk(chunk, decoding, size, tally)]

    def _continue_chunk(
        self, embeddings: Tensor, decoding: GenerationConfig, size: int, tally: Tally
    ) -> list[list[int]]:
        """Tokens that follow (n, Q + T, E) embeddings, filled up to ``size`` rows: the same shape every time."""
        filled = torch.cat([embeddings, embeddings[-1:].expand(size - len(embeddings), -1, -1)])
        mask = torch.ones(filled.shape[:2], dtype=torch.long, device=self._device)
        found = self._model.generate(inputs_embeds=filled, attention_mask=mask, generation_config=decoding)
        tally.items += _count_tokens(found[: len(embeddings)], self._special)
        rows: list[list[int]] = found[: len(embeddings)].tolist()
        return rows

    def _describe_decoding(self, settings: GenerationSettings) -> GenerationConfig:
        beams = {"length_penalty": settings.length_penalty, "early_stopping": False} if settings.beams > 1 else {}
        return GenerationConfig(  # type: ignore[no-untyped-call]
            num_beams=settings.beams,
            do_sample=False,
            max_new_tokens=settings.max_new_tokens,
            min_new_tokens=settings.min_new_tokens or None,
            bos_token_id=self._special.lead,
            eos_token_id=self._special.end,
            pad_token_id=self._special.pad,
            **beams,
        )

    def _split(self, texts: Sequence[str]) -> list[list[int]]:
        """Token ids of each text, without special tokens."""
        if not texts:
            return []
        rows: list[list[int]] = self._tokenizer(list(texts), add_special_tokens=False, truncation=False).input_ids
        return rows

    def _check_width(self, embeddings: Tensor) -> None:
        if embeddings.shape[2:] != (self.width,):
            raise FeatureError(
                f"Embeddings of shape {tuple(embeddings.shape)} reached the language model.",
                f"It takes (N, T, {self.width}).",
                "Build the captioner's output for the width of this language model.",
            )

    def _check_length(self, length: int) -> None:
        most = getattr(self._model.config, "max_position_embeddings", None)
        if most is not None and length > most:
            raise ConfigError(
                f"Prefix, prompt and new tokens make {length} positions.",
                f"This language model has {most}.",
                "Shorten the prompt, or lower max_new_tokens or the number of prefix embeddings.",
                key="max_new_tokens",
            )


def _no_decoder(precision: str, device: torch.device) -> ConfigError:
    return ConfigError(
        f"This language model does not decode in {precision} on {device.type}.",
        "An OPT model decodes in bfloat16 on an accelerator or a CPU that multiplies it, and in int8 on a CPU alone.",
        "Leave `precision` of the decoding out, or set it to own.",
        key="precision",
    )


def _count_tokens(found: Tensor, special: SpecialTokens) -> int:
    """Tokens of generated rows ``(N, T)``, each row's end token included and what fills it up left out."""
    ended = (found == special.end).cumsum(dim=1) - (found == special.end).int()  # end tokens before each place
    return int(((ended == 0) & ((found != special.pad) | (found == special.end))).sum())


def _group_rows(starts: Mapping[int, Sequence[int]]) -> list[list[int]]:
    """Rows whose starts are equally long."""
    groups: dict[int, list[int]] = defaultdict(list)
    for row, start in starts.items():
        groups[len(start)].append(row)
    return list(groups.values())


def _check_lengths(settings: GenerationSettings) -> None:
    if settings.min_new_tokens > settings.max_new_tokens:
        raise ConfigError(
            f"At least {settings.min_new_tokens} and at most {settings.max_new_tokens} tokens are asked for.",
            "The least is not above the most.",
            "Correct min_new_tokens or max_new_tokens.",
            key="min_new_tokens",
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
