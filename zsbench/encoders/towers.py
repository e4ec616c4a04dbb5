"""The loaded open_clip model: features of texts and images. Imports torch; only ``load`` imports this module."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
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

from zsbench.encoders.attention import has_plain_attention, quicken_blocks
from zsbench.encoders.settings import OpenClipConfig
from zsbench.encoders.sources import EncoderSource
from zsbench.errors import CorruptDataError, MissingWeightsError
from zsbench.images import convert_to_rgb
from zsbench.interfaces.encoder import ImageFeatures
from zsbench.oom import BatchLimit

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
    """What one forward pass of the image tower leaves: ``tokens`` (B, 1+P, width), ``attention`` (B, 1+P, 1+P)."""

    pooled: Tensor
    tokens: Tensor | None = None
    attention: Tensor | None = None


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
        on_cpu = self._device.type == "cpu"
        rows = (CPU_ROWS_OF_SMALL if small else CPU_ROWS) if on_cpu else config.batch_size
        least = rows if on_cpu else 1
        self._texts, self._images = BatchLimit("texts", rows, least=least), BatchLimit("images", rows, least=least)
        self._tokenize = load_tokenizer(source)
        self.prepare = ImagePreparation(PreprocessCfg(**self._model.visual.preprocess_cfg))
        self.dim = int(source.model_settings["embed_dim"])
        self.has_patches = gives_patches(self._model.visual)
        if self.has_patches:
            self._model.visual.transformer.resblocks[-1].attention.keeps_weights = True

    @property
    def images_at_once(self) -> int:
        """Images of a forward pass."""
        return self._images.rows

    @torch.no_grad()
    def encode_texts(self, texts: Sequence[str]) -> Tensor:
        """Features of N texts, ``(N, D)``; a text that occurs twice is computed once."""
        if not texts:
            return torch.empty(0, self.dim)
        distinct = list(dict.fromkeys(texts))
        ids = self._tokenize(distinct)  # (N, context length)
        features = torch.empty(len(distinct), self.dim)
        for width, rows in self._group_by_length(ids):
            features[rows] = self._run_group(ids[rows, :width])
        index = {text: row for row, text in enumerate(distinct)}
        return features[[index[text] for text in texts]]

    def encode_images(self, images: Sequence[Image.Image]) -> ImageFeatures:
        """Features of B images."""
        return self._encode(len(images), lambda rows: self._stack(images[rows]), patches=True)

    def encode_prepared(self, pixels: Sequence[Tensor] | Tensor, *, patches: bool) -> ImageFeatures:
        """Features of B prepared images, without patch tokens on demand; the others' bits do not change by that."""
        return self._encode(len(pixels), lambda rows: _as_batch(pixels[rows]), patches=patches)

    @torch.no_grad()
    def _encode(self, count: int, read: Callable[[slice], Tensor], *, patches: bool) -> ImageFeatures:
        if not count:
            return self._run_images(self._stack([Image.new("RGB", (8, 8))]), patches=patches).select(slice(0, 0))
        return _join(list(self._images.iter_batches(count, lambda rows: self._run_images(read(rows), patches=patches))))

    def _stack(self, images: Sequence[Image.Image]) -> Tensor:
        """Pixels of images, (B, 3, H, W)."""
        return torch.stack([self.prepare(image) for image in images])

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

    def _run_group(self, ids: Tensor) -> Tensor:
        """Features of rows of one width."""
        return torch.cat(list(self._texts.iter_batches(len(ids), lambda rows: self._run_texts(ids[rows]))))

    def _run_texts(self, ids: Tensor) -> Tensor:
        padded = _fill(ids, self._texts.rows).to(self._device)
        encode = _encode_causal if _is_causal(self._model) else type(self._model).encode_text
        features = encode(self._model, padded).float().cpu()
        return normalize(features[: len(ids)], dim=-1)

    def _run_images(self, pixels: Tensor, *, patches: bool) -> ImageFeatures:
        moved = pixels.to(self._device, self._dtype, non_blocking=True)
        visual_pass = self._run_visual(_fill(moved, self._images.rows))
        return self._describe(visual_pass, patches=patches).select(slice(0, len(pixels)))

    def _run_visual(self, pixels: Tensor) -> _VisualPass:
        """The model's own image encoding, and what passes through its last block on the way."""
        if not self.has_patches:
            return _VisualPass(_first(self._model.encode_image(pixels)))
        seen: list[Tensor] = []
        transformer = self._model.visual.transformer
        hook = transformer.register_forward_hook(lambda _, __, output: seen.append(output))
        try:
            pooled = _first(self._model.encode_image(pixels))
        finally:
            hook.remove()
        return _VisualPass(pooled, seen[0], transformer.resblocks[-1].attention.take_weights())

    def _describe(self, visual_pass: _VisualPass, *, patches: bool) -> ImageFeatures:
        pooled = _unit(visual_pass.pooled)
        visual, tokens, attention = self._model.visual, visual_pass.tokens, visual_pass.attention
        if tokens is None or attention is None or not patches:
            return ImageFeatures(pooled)
        hidden = visual.ln_post(tokens).float()
        joint = _unit(hidden if visual.proj is None else hidden @ visual.proj.float())  # (B, 1+P, D)
        class_token = pooled if visual.pool_type == "tok" else joint[:, 0].clone()
        rows = attention.cpu()
        return ImageFeatures(pooled, joint[:, 1:].contiguous(), class_token, rows / rows.sum(dim=-1, keepdim=True))


class ImagePreparation:
    """What the weights were trained to see of an image: ``(3, H, W)`` float32; can be pickled.

    Args:
        config: Size, mean, standard deviation, interpolation and resize mode.
    """

    def __init__(self, config: PreprocessCfg) -> None:
        self._transform = image_transform_v2(config, is_train=False)

    def __call__(self, image: Image.Image) -> Tensor:
        """The pixels of an image of any mode and size."""
        pixels: Tensor = self._transform(convert_to_rgb(image))
        return pixels


def _as_batch(pixels: Sequence[Tensor] | Tensor) -> Tensor:
    """Prepared images as one tensor, (B, 3, H, W)."""
    return pixels if isinstance(pixels, Tensor) else torch.stack(list(pixels))


def _fill(rows: Tensor, count: int) -> Tensor:
    """The last row repeated until there are ``count``: every forward pass has the same shape."""
    if len(rows) == count:
        return rows
    return torch.cat([rows, rows[-1:].expand(count - len(rows), *rows.shape[1:])])


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
    has_class_token = getattr(visual, "class_embedding", None) is not None
    plain = has_plain_attention(visual.transformer.resblocks[-1])
    return has_class_token and visual.pool_type in {"tok", "avg"} and plain


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
    quicken_blocks(model)
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
