"""OPT's forward pass for decoding: beams share their prefix's keys and values, which are never moved. Imports torch.

Shapes: I items, b beams, L prefix positions, S positions held, H heads, d head width, E embedding width, V words.

[1] Zhang et al., arXiv 2205.01068: OPT, sections 2.1 and 2.2.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional
from transformers import OPTForCausalLM

from zsbench.flops import FlopCount
from zsbench.interfaces.language import DecodingPrecision
from zsbench.linear import Kernel, Product, make_product

__all__ = ["Memory", "OptSteps", "is_opt"]

MOST_COPIED = 2**31
"""Bytes of weights that are copied into oneDNN's order; the weights of larger models are taken as they are."""
OFFSET = 2
"""Position embeddings begin at this row, whatever their padding."""


def is_opt(model: Any) -> bool:
    """Whether a model is one that ``OptSteps`` runs."""
    return isinstance(model, OPTForCausalLM)


class Memory:
    """Keys and values of I items: L positions of the prefix, then b of every step; nothing is moved.

    Args:
        layers: Layers of the model.
        shape: (I, H, S, d) for the largest S.
        like: A tensor of the precision and device to use.
        prefix: L.
    """

    def __init__(self, layers: int, shape: tuple[int, int, int, int], *, like: Tensor, prefix: int) -> None:
        self._buffers = [(like.new_empty(shape), like.new_empty(shape)) for _ in range(layers)]
        self.prefix = prefix
        self.length = 0

    def append(self, layer: int, keys: Tensor, values: Tensor) -> tuple[Tensor, Tensor]:
        """Hold ``(I, n, H, d)`` behind what is held; ``(I * H, S, d)`` each of all that is held then."""
        end = self.length + keys.shape[1]
        held = []
        for buffer, new in zip(self._buffers[layer], (keys, values), strict=True):
            buffer[:, :, self.length : end] = new.transpose(1, 2)
            held.append(buffer.flatten(0, 1)[:, :end])
        return held[0], held[1]

    def keep(self, items: Tensor) -> None:
        """Hold these items alone."""
        for layer, pair in enumerate(self._buffers):
            kept = []
            for buffer in pair:
                smaller = buffer.new_empty((len(items), *buffer.shape[1:]))
                smaller[:, :, : self.length] = buffer[:, :, : self.length].index_select(0, items)
                kept.append(smaller)
            self._buffers[layer] = (kept[0], kept[1])


@dataclass(frozen=True)
class _Layer:
    """One decoder layer."""

    first_norm: Callable[[Tensor], Tensor]
    read: Product  # E -> 3 E: queries, keys, values
    write: Product
    second_norm: Callable[[Tensor], Tensor]
    widen: Product
    activate: Callable[[Tensor], Tensor] | None
    narrow: Product


class OptSteps:
    """An OPT model taken apart for decoding [1].

    Args:
        model: The model, frozen; its weights must not change afterwards.
        onednn: Whether oneDNN multiplies, see ``zsbench.linear``.
        precision: Of the decoding: the model's own; bfloat16, weights and all between them; or int8, whose products
            with weights are of int8, and all between them is as in the model.
    """

    def __init__(self, model: Any, *, onednn: bool, precision: DecodingPrecision = "own") -> None:
        decoder, config = model.model.decoder, model.config
        self._dtype = torch.bfloat16 if precision == "bfloat16" else model.dtype
        size = sum(parameter.numel() * parameter.element_size() for parameter in model.parameters())
        copied: Kernel = "onednn-copied" if size <= MOST_COPIED else "onednn"
        self._kernel: Kernel = "int8" if precision == "int8" else copied if onednn else "torch"
        self._positions: Tensor = decoder.embed_positions.weight.to(self._dtype)
        self._words: Tensor = decoder.embed_tokens.weight.to(self._dtype)
        self._heads = int(config.num_attention_heads)
        self._scale = float((config.hidden_size // self._heads) ** -0.5)
        self._norm_first = bool(config.do_layer_norm_before)
        self._project_in = self._maybe(decoder.project_in)
        self._project_out = self._maybe(decoder.project_out)
        self._final_norm = None if decoder.final_layer_norm is None else self._cast(decoder.final_layer_norm)
        self._layers = [self._take_layer(layer) for layer in decoder.layers]
        self._head = make_product(model.lm_head.weight.to(self._dtype), None, kernel=self._kernel)
        self._head_weights = int(model.lm_head.weight.numel())
        linears = [module for module in decoder.modules() if isinstance(module, torch.nn.Linear)]
        self._layer_weights = sum(linear.weight.numel() for linear in linears)
        self.vocabulary = int(model.lm_head.weight.shape[0])

    @property
    def products(self) -> list[tuple[Product, int]]:
        """The products of one layer and the head, each with the width of its input."""
        layer, hidden = self._layers[0], int(self._positions.shape[1])
        inner = [(layer.read, hidden), (layer.write, hidden), (layer.widen, hidden)]
        return [*inner, (layer.narrow, self._inner), (self._head, int(self._words.shape[1]))]

    def item_bytes(self, positions: int) -> int:
        """Bytes that keys and values of one item take."""
        return 2 * len(self._layers) * positions * self._positions.shape[1] * self._positions.element_size()

    def begin(self, embeddings: Tensor, room: int, tally: FlopCount) -> tuple[Tensor, Memory]:
        """Read the prefixes ``(I, L, E)``: logits ``(I, V)`` of what follows, and a memory with room for more."""
        I, L, _ = embeddings.shape  # noqa: E741  the alphabet above
        entered = self._enter(embeddings.to(self._dtype).flatten(0, 1))
        hidden = entered + self._positions[OFFSET : OFFSET + L].repeat(I, 1)
        shape = (I, self._heads, L + room, hidden.shape[1] // self._heads)
        memory = Memory(len(self._layers), shape, like=hidden, prefix=L)
        ahead = torch.ones(L, L, dtype=torch.bool, device=hidden.device).triu(1)
        mask = hidden.new_zeros(L, L).masked_fill_(ahead, -torch.inf).expand(I * self._heads, L, L)
        hidden = self._run(hidden, memory, mask)
        self._count(tally, I * L, I)
        return self._leave(hidden.view(I, L, -1)[:, -1].contiguous()), memory

    def step(self, tokens: Tensor, memory: Memory, seen: Tensor, tally: FlopCount) -> Tensor:
        """Read one token a beam, ``(I, b)``: logits ``(I * b, V)`` of what follows.

        Args:
            tokens: The beams' last tokens.
            memory: What was read before.
            seen: ``(I, b, S - L)`` bool, the positions behind the prefix that a beam descends from, its own included.
            tally: Counts the products.
        """
        I, b = tokens.shape  # noqa: E741  the alphabet above
        step = (memory.length - memory.prefix) // b
        hidden = self._enter(functional.embedding(tokens.flatten(), self._words))
        hidden = hidden + self._positions[OFFSET + memory.prefix + step]
        mask = hidden.new_zeros(I, 1, b, memory.length + b)
        mask[:, 0, :, memory.prefix :].masked_fill_(~seen, -torch.inf)
        self._count(tally, I * b, I * b)
        mask = mask.expand(-1, self._heads, -1, -1).reshape(I * self._heads, b, -1)
        return self._leave(self._run(hidden, memory, mask))

    def _count(self, tally: FlopCount, rows: int, heads: int) -> None:
        """Tell the products of one pass: of the layers with so many rows, of the head with so many."""
        dtype = "int8" if self._kernel == "int8" else str(self._dtype).removeprefix("torch.")
        tally.multiply(self._layer_weights, rows, dtype)
        tally.multiply(self._head_weights, heads, dtype)
        size = 1 if self._kernel == "int8" else self._positions.element_size()
        tally.footprint = (self._layer_weights + self._head_weights) * size

    def _run(self, hidden: Tensor, memory: Memory, mask: Tensor) -> Tensor:
        """All layers over ``(I * n, E)``, n new positions an item."""
        for number, layer in enumerate(self._layers):
            hidden = self._run_layer(layer, number, hidden, memory, mask)
        memory.length += mask.shape[1]
        return hidden

    def _run_layer(self, layer: _Layer, number: int, hidden: Tensor, memory: Memory, mask: Tensor) -> Tensor:
        x = layer.first_norm(hidden) if self._norm_first else hidden
        hidden = hidden + layer.write(self._attend(layer.read(x), number, memory, mask))
        if not self._norm_first:
            hidden = layer.first_norm(hidden)
        x = layer.widen(layer.second_norm(hidden) if self._norm_first else hidden)
        hidden = hidden + layer.narrow(x if layer.activate is None else layer.activate(x))
        return hidden if self._norm_first else layer.second_norm(hidden)

    def _attend(self, read: Tensor, number: int, memory: Memory, mask: Tensor) -> Tensor:
        """Attention of ``(I * n, 3 E)`` queries, keys and values, over all that is held: ``(I * n, E)``."""
        n, H = mask.shape[1], self._heads
        parts = read.view(-1, n, 3, H, read.shape[1] // (3 * H))  # (I, n, 3, H, d)
        queries = parts[:, :, 0].transpose(1, 2).flatten(0, 1)  # (I * H, n, d)
        keys, values = memory.append(number, parts[:, :, 1], parts[:, :, 2])  # (I * H, S, d)
        weights = torch.baddbmm(mask, queries, keys.transpose(1, 2), alpha=self._scale).softmax(dim=-1)
        found = torch.bmm(weights, values)  # (I * H, n, d)
        return found.view(-1, H, n, found.shape[2]).transpose(1, 2).reshape(len(read), -1)

    def _enter(self, embeddings: Tensor) -> Tensor:
        return embeddings if self._project_in is None else self._project_in(embeddings)

    def _leave(self, hidden: Tensor) -> Tensor:
        """Logits ``(n, V)`` of the last hidden states ``(n, E)``, in the precision of the decoding."""
        hidden = hidden if self._final_norm is None else self._final_norm(hidden)
        hidden = hidden if self._project_out is None else self._project_out(hidden)
        return self._head(hidden)

    def _take_layer(self, layer: Any) -> _Layer:
        attention, rectified = layer.self_attn, isinstance(layer.activation_fn, torch.nn.ReLU)
        readers = (attention.q_proj, attention.k_proj, attention.v_proj)
        weight = torch.cat([reader.weight for reader in readers]).to(self._dtype)
        bias = None if attention.q_proj.bias is None else torch.cat([reader.bias for reader in readers]).to(self._dtype)
        self._inner = int(layer.fc2.in_features)
        return _Layer(
            first_norm=self._cast(layer.self_attn_layer_norm),
            read=make_product(weight, bias, kernel=self._kernel),
            write=self._take(attention.out_proj),
            second_norm=self._cast(layer.final_layer_norm),
            widen=self._take(layer.fc1, relu=rectified),
            activate=None if rectified else layer.activation_fn,
            narrow=self._take(layer.fc2),
        )

    def _take(self, linear: Any, *, relu: bool = False) -> Product:
        bias = None if linear.bias is None else linear.bias.to(self._dtype)
        return make_product(linear.weight.to(self._dtype), bias, relu=relu, kernel=self._kernel)

    def _cast(self, norm: Any) -> Any:
        """A normalisation in the precision of the decoding; the model's own stays as it is."""
        same = all(parameter.dtype == self._dtype for parameter in norm.parameters())
        return norm if same else copy.deepcopy(norm).to(self._dtype)

    def _maybe(self, linear: Any) -> Product | None:
        return None if linear is None else self._take(linear)
