"""The loaded open_clip model: features of texts and images. Imports torch; only ``load`` imports this module."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import open_clip
import torch
from open_clip.tokenizer import HFTokenizer, SimpleTokenizer
from open_clip.transform import PreprocessCfg, image_transform_v2
from open_clip.transformer import VisionTransformer
from PIL import Image
from safetensors import SafetensorError
from torch import Tensor, nn
from torch.nn.functional import normalize

from zsbench.encoders.settings import OpenClipConfig
from zsbench.encoders.sources import EncoderSource
from zsbench.errors import CorruptDataError, MissingWeightsError
from zsbench.images import convert_to_rgb
from zsbench.interfaces.encoder import ImageFeatures

__all__ = ["DualTower", "gives_patches"]

CPU_ROWS, CPU_ROWS_OF_SMALL = 8, 64
"""Rows of every forward pass on a CPU, of a model of any size and of a small one.

The kernels of a matrix product, and with them the last bits of its rows, change with the number of rows; at real
widths even between 8 and 32 rows. So every pass has the same number, filled up where there are fewer.
"""

WIDTH_STEP = 8
"""Token sequences are cut behind their end to a multiple of this."""

SMALL_MODEL = 10_000_000
"""Parameters that a small model has fewer than; its time goes to overhead, not to arithmetic."""

PRECISIONS = {"float32": "fp32", "bfloat16": "bf16"}


@dataclass(frozen=True)
class _VisualPass:
    """What one forward pass of the image tower leaves: ``tokens`` and ``last_input`` are (B, 1+P, width)."""

    pooled: Tensor
    tokens: Tensor | None = None
    last_input: Tensor | None = None


class DualTower:
    """A frozen open_clip model on a device, with its tokenizer and image transform.

    Args:
        source: Where everything lies.
        config: Precision and batch size.
        device: A torch device name.

    Raises:
        CorruptDataError: The weights do not fit the settings.
    """

    def __init__(self, source: EncoderSource, config: OpenClipConfig, device: str) -> None:
        self._device = torch.device(device)
        self._dtype = torch.float32 if config.precision == "float32" else torch.bfloat16
        self._model = load_model(source, config.precision, device)
        small = sum(parameter.numel() for parameter in self._model.parameters()) < SMALL_MODEL
        on_cpu = CPU_ROWS_OF_SMALL if small else CPU_ROWS
        self._rows = on_cpu if self._device.type == "cpu" else config.batch_size
        self._tokenize = load_tokenizer(source)
        self._transform = image_transform_v2(PreprocessCfg(**self._model.visual.preprocess_cfg), is_train=False)
        self.dim = int(source.model_settings["embed_dim"])
        self.has_patches = gives_patches(self._model.visual)

    @torch.no_grad()
    def encode_texts(self, texts: Sequence[str]) -> Tensor:
        """Features of N texts, ``(N, D)``; a text that occurs twice is computed once."""
        if not texts:
            return torch.empty(0, self.dim)
        distinct = list(dict.fromkeys(texts))
        ids = self._tokenize(distinct)  # (N, context length)
        features = torch.empty(len(distinct), self.dim)
        for width, rows in self._group_by_length(ids):
            for chunk in torch.split(rows, self._rows):
                features[chunk] = self._run_texts(ids[chunk, :width])
        index = {text: row for row, text in enumerate(distinct)}
        return features[[index[text] for text in texts]]

    @torch.no_grad()
    def encode_images(self, images: Sequence[Image.Image]) -> ImageFeatures:
        """Features of B images."""
        if not images:
            return self._blank.select(slice(0, 0))
        step = self._rows
        batches = [self._run_images(images[start : start + step]) for start in range(0, len(images), step)]
        return _join(batches)

    @cached_property
    def _blank(self) -> ImageFeatures:
        """Features of one blank image, for the shapes."""
        return self._run_images([Image.new("RGB", (8, 8))])

    def _group_by_length(self, ids: Tensor) -> Iterator[tuple[int, Tensor]]:
        """Widths that ids may be cut to, and which rows to each; the width depends on the row alone.

        A causal tower's feature is that of the end token, which sees nothing behind it.
        """
        context = ids.shape[1]
        if not _is_causal(self._model):
            yield context, torch.arange(len(ids))
            return
        ends = _find_ends(self._model, ids) + 1
        widths = ((ends + WIDTH_STEP - 1) // WIDTH_STEP * WIDTH_STEP).clamp(max=context)
        for width in sorted(set(widths.tolist())):
            yield width, (widths == width).nonzero()[:, 0]

    def _run_texts(self, ids: Tensor) -> Tensor:
        padded = self._pad(ids).to(self._device)
        encode = _encode_causal if _is_causal(self._model) else type(self._model).encode_text
        features = encode(self._model, padded).float().cpu()
        return normalize(features[: len(ids)], dim=-1)

    def _run_images(self, images: Sequence[Image.Image]) -> ImageFeatures:
        pixels = torch.stack([self._transform(convert_to_rgb(image)) for image in images])  # (B, 3, H, W)
        padded = self._pad(pixels).to(self._device, self._dtype)
        features = self._describe(_run_visual(self._model, padded, keep_tokens=self.has_patches))
        return features.select(slice(0, len(images)))

    def _describe(self, visual_pass: _VisualPass) -> ImageFeatures:
        pooled = _unit(visual_pass.pooled)
        visual, tokens, last_input = self._model.visual, visual_pass.tokens, visual_pass.last_input
        if tokens is None or last_input is None:
            return ImageFeatures(pooled)
        hidden = visual.ln_post(tokens).float()
        joint = _unit(hidden if visual.proj is None else hidden @ visual.proj.float())  # (B, 1+P, D)
        class_token = pooled if visual.pool_type == "tok" else joint[:, 0].clone()
        attention = _attend(visual.transformer.resblocks[-1], last_input)
        return ImageFeatures(pooled, joint[:, 1:].contiguous(), class_token, attention)

    def _pad(self, rows: Tensor) -> Tensor:
        """The last row repeated until every forward pass has the same shape."""
        if len(rows) == self._rows:
            return rows
        return torch.cat([rows, rows[-1:].expand(self._rows - len(rows), *rows.shape[1:])])


def _is_causal(model: Any) -> bool:
    """Whether a model's text feature is that of the end token of a causal transformer, as OpenAI's CLIP has it."""
    return type(model) is open_clip.CLIP and model.attn_mask is not None and model.text_pool_type in {"argmax", "eos"}


def _find_ends(model: Any, ids: Tensor) -> Tensor:
    """Position of the end token in each row, ``(N,)``."""
    marks = ids if model.text_pool_type == "argmax" else (ids == model.text_eos_id).int()
    return marks.argmax(dim=-1)  # the first of the highest; in OpenAI's vocabulary the end token has the highest id


def _encode_causal(model: Any, ids: Tensor) -> Tensor:
    """Features ``(N, D)``, not normalised, of ids ``(N, T)`` whose end tokens lie within T."""
    T = ids.shape[1]
    dtype = model.transformer.get_cast_dtype()
    x = model.token_embedding(ids).to(dtype) + model.positional_embedding[:T].to(dtype)  # (N, T, width)
    x = model.ln_final(model.transformer(x, attn_mask=model.attn_mask[:T, :T]))
    ends: Tensor = x[torch.arange(len(ids), device=ids.device), _find_ends(model, ids)]
    projection = model.text_projection
    if projection is None:
        return ends
    projected: Tensor = projection(ends) if isinstance(projection, nn.Linear) else ends @ projection
    return projected


def gives_patches(visual: nn.Module) -> bool:
    """Whether an image tower has a class token, patch tokens, and blocks that report their attention.

    ResNets and timm towers have no such tokens; towers that pool by attention project no token to the joint space.
    """
    if not isinstance(visual, VisionTransformer) or visual.attn_pool is not None:
        return False
    block = visual.transformer.resblocks[-1]
    has_class_token = getattr(visual, "class_embedding", None) is not None
    return has_class_token and visual.pool_type in {"tok", "avg"} and isinstance(block.attn, nn.MultiheadAttention)


def load_model(source: EncoderSource, precision: str, device: str) -> Any:
    """Build the model with open_clip and fill it with the source's weights, frozen.

    Raises:
        CorruptDataError: The weights do not fit the settings.
        MissingWeightsError: A text tower's settings are in a repository that is not on this machine.
    """
    local = source.name.startswith("local-dir:")
    try:
        with torch.random.fork_rng(devices=[]), _offline():
            model = open_clip.create_model(
                source.name,
                pretrained=None if local else str(source.weights),
                precision=PRECISIONS[precision],
                device=device,
                force_quick_gelu=source.quick_gelu,
                force_preprocess_cfg=None if local else dict(source.preprocessing),
                pretrained_text=False,
                require_pretrained=True,
            )
    except OSError as error:
        raise _missing_text_tower(source) from error
    except (RuntimeError, ValueError, TypeError, KeyError, SafetensorError) as error:
        raise CorruptDataError(
            f"The weights {source.weights} do not load ({type(error).__name__}: {str(error)[:300]}).",
            f"They hold every tensor of {source.name}.",
            "Fetch them again, or correct `model` and `pretrained`.",
            path=source.weights,
        ) from error
    return model.eval().requires_grad_(False)


def load_tokenizer(source: EncoderSource) -> Callable[[Sequence[str]], Tensor]:
    """The tokenizer of the text tower; rows are cut and padded to the context length."""
    settings = source.text_settings
    length = settings.get("context_length", open_clip.tokenizer.DEFAULT_CONTEXT_LENGTH)
    options = dict(settings.get("tokenizer_kwargs", {}))
    if source.tokenizer is None:
        simple: Callable[[Sequence[str]], Tensor] = SimpleTokenizer(context_length=length, **options)
        return simple
    named: Callable[[Sequence[str]], Tensor] = HFTokenizer(
        str(source.tokenizer),
        context_length=length,
        tokenizer_mode=settings.get("tokenizer_mode"),
        local_files_only=True,
        **options,
    )
    return named


def _run_visual(model: Any, pixels: Tensor, *, keep_tokens: bool) -> _VisualPass:
    """The model's own image encoding, and what passes through its last block on the way."""
    if not keep_tokens:
        return _VisualPass(_first(model.encode_image(pixels)))
    seen: dict[str, Tensor] = {}
    transformer = model.visual.transformer
    hooks = [
        transformer.resblocks[-1].register_forward_pre_hook(lambda _, inputs: seen.update(last_input=inputs[0])),
        transformer.register_forward_hook(lambda _, __, output: seen.update(tokens=output)),
    ]
    try:
        pooled = _first(model.encode_image(pixels))
    finally:
        for hook in hooks:
            hook.remove()
    return _VisualPass(pooled, **seen)


def _attend(block: Any, last_input: Tensor) -> Tensor:
    """Attention of a block over its input, averaged over heads: (B, 1+P, 1+P)."""
    query = block.ln_1(last_input)
    _, weights = block.attn(query, query, query, need_weights=True, average_attn_weights=True)
    attention: Tensor = weights.float().cpu()
    return attention / attention.sum(dim=-1, keepdim=True)


def _first(output: Tensor | tuple[Tensor, ...]) -> Tensor:
    """The pooled feature; some towers return their tokens beside it."""
    return output[0] if isinstance(output, tuple) else output


def _unit(features: Tensor) -> Tensor:
    return normalize(features.float().cpu(), dim=-1)


def _join(batches: Sequence[ImageFeatures]) -> ImageFeatures:
    def join(name: str) -> Tensor | None:
        parts = [getattr(batch, name) for batch in batches]
        return None if parts[0] is None else torch.cat(parts)

    pooled = torch.cat([batch.pooled for batch in batches])
    return ImageFeatures(pooled, join("patches"), join("class_token"), join("attention"))


@contextmanager
def _offline() -> Iterator[None]:
    """No connection while a model is built: some text towers look their settings up in a repository."""
    from huggingface_hub import constants

    before = constants.HF_HUB_OFFLINE
    constants.HF_HUB_OFFLINE = True
    try:
        yield
    finally:
        constants.HF_HUB_OFFLINE = before


def _missing_text_tower(source: EncoderSource) -> MissingWeightsError:
    name = source.text_settings.get("hf_model_name", source.name)
    return MissingWeightsError(
        f"The settings of {name} are not on this machine.",
        f"The text tower of {source.name} is built from them.",
        f"Run `hf download {name} config.json` once.",
    )
