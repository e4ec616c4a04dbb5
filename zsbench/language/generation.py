"""Texts that continue prefixes: beam search by the own loop, or by transformers. Imports torch.

What trains a captioner does not run this module: ``zsbench.language.causal`` names it among what only generates.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor
from transformers import GenerationConfig

from zsbench.errors import ConfigError, FeatureError
from zsbench.flops import FlopCount, measure
from zsbench.interfaces.language import DecodingPrecision, GenerationSettings
from zsbench.language.decoding import Decoder
from zsbench.language.frozen import FrozenModel, SpecialTokens
from zsbench.language.opt import OptSteps, is_opt
from zsbench.linear import has_independent_rows, has_int8, has_onednn

__all__ = ["TextGenerator"]

CPU_ROWS, CPU_ROWS_OF_SMALL = 32, 128
"""Prefixes decoded at once on a CPU, by a model of any size and by a small one.

The kernels of a matrix product, and with them the last bits of its rows, change with the number of rows, and a last
bit may turn a beam. So every pass of a model has the same number, filled up where there are fewer.
"""
PROMPTED_ROWS = 32
"""Prefixes with a prompt decoded at once where their number is fixed; prompts of one length are few."""
SMALL_MODEL = 10_000_000
"""Parameters that a small model has fewer than; its time goes to overhead, not to arithmetic."""


class TextGenerator:
    """Generates with a loaded language model.

    Args:
        frozen: The model.
        max_rows: Prefixes decoded at once on an accelerator, each with all its beams.
    """

    def __init__(self, frozen: FrozenModel, *, max_rows: int) -> None:
        self._frozen = frozen
        small = sum(parameter.numel() for parameter in frozen.model.parameters()) < SMALL_MODEL
        on_cpu = CPU_ROWS_OF_SMALL if small else CPU_ROWS
        self._rows = on_cpu if frozen.device.type == "cpu" else max_rows
        self._prompted_rows = min(self._rows, PROMPTED_ROWS)
        self._decoders: dict[DecodingPrecision, tuple[Decoder, Decoder] | None] = {}

    @torch.inference_mode()
    def generate(self, prefix: Tensor, settings: GenerationSettings, prompts: Sequence[str] | None) -> list[str]:
        """The best continuation of each row; equal rows are decoded once.

        Rows with prompts of one length are decoded together, without padding.

        Raises:
            ConfigError: This model does not decode in that precision here, or the text would be too long.
        """
        self._frozen.check_width(prefix)
        starts = self._start_rows(len(prefix), prompts)
        self._check_length(prefix.shape[1] + max(map(len, starts), default=0) + settings.max_new_tokens)
        _check_lengths(settings)
        keys = [(row.numpy().tobytes(), tuple(start)) for row, start in zip(prefix.cpu(), starts, strict=True)]
        distinct = list({key: row for row, key in reversed(list(enumerate(keys)))}.values())[::-1]
        texts: dict[tuple[bytes, tuple[int, ...]], str] = {}
        for rows in _group_rows({row: starts[row] for row in distinct}):
            ids = torch.tensor([starts[row] for row in rows])
            embeddings = torch.cat(
                [prefix[rows].to(self._frozen.device, self._frozen.model.dtype), self._frozen.embed(ids)], dim=1
            )
            found = self._continue(embeddings, settings, prompted=prompts is not None)
            for row, text in zip(
                rows, self._frozen.tokenizer.batch_decode(found, skip_special_tokens=True), strict=True
            ):
                texts[keys[row]] = text.strip()
        return [texts[key] for key in keys]

    def _start_rows(self, count: int, prompts: Sequence[str] | None) -> list[list[int]]:
        if prompts is None:
            return [[self._frozen.special.lead]] * count
        if len(prompts) != count:
            raise FeatureError(
                f"There are {count} prefixes and {len(prompts)} prompts.",
                "Each prefix has its prompt.",
                "Give one prompt a row, or none at all.",
            )
        return [[self._frozen.special.lead, *row] for row in self._frozen.split(prompts)]

    def _continue(self, embeddings: Tensor, settings: GenerationSettings, *, prompted: bool) -> list[list[int]]:
        """Tokens that follow (N, Q + T, E) prefixes and starts."""
        with measure(self._frozen.meter, "decode", unit="tokens") as tally:
            decoders = self._find_decoders(settings.precision)
            if decoders is not None:
                return decoders[prompted].decode(embeddings, settings, tally)
            if settings.precision != "own":
                raise _no_decoder(settings.precision, self._frozen.device)
            size = self._prompted_rows if prompted else self._rows
            decoding = self._describe_decoding(settings)
            chunks = torch.split(embeddings, size)
            return [row for chunk in chunks for row in self._continue_chunk(chunk, decoding, size, tally)]

    def _continue_chunk(
        self, embeddings: Tensor, decoding: GenerationConfig, size: int, tally: FlopCount
    ) -> list[list[int]]:
        """Tokens that follow (n, Q + T, E) embeddings, filled up to ``size`` rows: the same shape every time."""
        filled = torch.cat([embeddings, embeddings[-1:].expand(size - len(embeddings), -1, -1)])
        mask = torch.ones(filled.shape[:2], dtype=torch.long, device=self._frozen.device)
        found = self._frozen.model.generate(inputs_embeds=filled, attention_mask=mask, generation_config=decoding)
        tally.items += _count_tokens(found[: len(embeddings)], self._frozen.special)
        rows: list[list[int]] = found[: len(embeddings)].tolist()
        return rows

    def _describe_decoding(self, settings: GenerationSettings) -> GenerationConfig:
        beams = {"length_penalty": settings.length_penalty, "early_stopping": False} if settings.beams > 1 else {}
        return GenerationConfig(  # type: ignore[no-untyped-call]
            num_beams=settings.beams,
            do_sample=False,
            max_new_tokens=settings.max_new_tokens,
            min_new_tokens=settings.min_new_tokens or None,
            bos_token_id=self._frozen.special.lead,
            eos_token_id=self._frozen.special.end,
            pad_token_id=self._frozen.special.pad,
            **beams,
        )

    def _find_decoders(self, precision: DecodingPrecision) -> tuple[Decoder, Decoder] | None:
        """The own decoding loop in a precision, without and with prompts; None where it is not to be had.

        It knows OPT models. On a CPU it is used only where rows are seen to be independent, and is the same for both.
        """
        if precision not in self._decoders:
            self._decoders[precision] = self._make_decoders(precision)
        return self._decoders[precision]

    def _make_decoders(self, precision: DecodingPrecision) -> tuple[Decoder, Decoder] | None:
        on_cpu, end = self._frozen.device.type == "cpu", self._frozen.special.end
        dtype = torch.bfloat16 if precision == "bfloat16" else self._frozen.model.dtype
        if not is_opt(self._frozen.model) or (precision == "int8" and not has_int8(self._frozen.device)):
            return None
        if on_cpu and not has_onednn(dtype, self._frozen.device):
            return None
        steps = OptSteps(self._frozen.model, onednn=on_cpu, precision=precision)
        if not on_cpu:
            return Decoder(steps, end=end, items=self._rows), Decoder(steps, end=end, items=self._prompted_rows)
        if not has_independent_rows(steps.products, dtype):
            return None
        decoder = Decoder(steps, end=end)
        return decoder, decoder

    def _check_length(self, length: int) -> None:
        most = getattr(self._frozen.model.config, "max_position_embeddings", None)
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
