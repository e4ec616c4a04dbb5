"""The adaptor-decoder: a set of joint features becomes prefix embeddings of the language model.

Shapes: B items, K regions, Q queries, D joint width, H heads, F feed-forward width, E width of the language model.

[1] Qiu, Ning and He, *Mining Fine-Grained Image-Text Alignment for Zero-Shot Captioning via Text-Only Training*,
    AAAI 2024, arXiv 2401.02347: the adaptor, in its method section.
[2] Vaswani et al., *Attention Is All You Need*, 2017: the post-norm decoder layer, equations 1 and 2.

The layer computes what ``torch.nn.TransformerDecoderLayer`` computes and names its parameters alike, so that weights
travel both ways. It is written out because dropout has to come from a generator, not from global random state.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Generator, Tensor, nn
from torch.nn import functional

__all__ = ["Adaptor", "AdaptorShape", "Dropout", "build_adaptor"]

LEVELS = 65_536
"""Values of 16 random bits."""
Drop = Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class AdaptorShape:
    """The sizes of an adaptor.

    Attributes:
        joint: D, width of the features.
        language: E, width of the language model's embeddings.
        queries: Q.
        layers: Decoder layers.
        heads: H; divides D.
        feed_forward: F.
        projection_layers: Linear layers of the MLP.
    """

    joint: int
    language: int
    queries: int
    layers: int
    heads: int
    feed_forward: int
    projection_layers: int


class Dropout:
    """Inverted dropout whose masks come from a generator on the activations' device.

    A mask takes 16 random bits an activation, cut out of 64-bit draws: on a CPU that is several times faster than
    drawing each on its own. The rate is therefore rounded to a multiple of 1 / 65,536.

    Args:
        rate: Share of the activations that is set to zero.
        generator: The only source of the masks.
    """

    def __init__(self, rate: float, generator: Generator) -> None:
        self.dropped = round(rate * LEVELS)  # of 65,536
        self.generator = generator

    def __call__(self, x: Tensor) -> Tensor:
        """Drop at random and scale what stays by 1 / (1 - rate)."""
        if not self.dropped:
            return x
        words = torch.empty(math.ceil(x.numel() / 4), dtype=torch.int64, device=x.device)
        words.random_(-(2**63), None, generator=self.generator)
        kept = words.view(torch.int16)[: x.numel()].view(x.shape) >= self.dropped - LEVELS // 2
        return x * kept * (LEVELS / (LEVELS - self.dropped))


class Attention(nn.Module):
    """Multi-head attention [2, section 3.2]; parameters as in ``torch.nn.MultiheadAttention``."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.in_proj_weight = nn.Parameter(torch.empty(3 * width, width))
        self.in_proj_bias = nn.Parameter(torch.empty(3 * width))
        self.out_proj = nn.Linear(width, width)

    def forward(self, x: Tensor, memory: Tensor, drop: Drop) -> Tensor:
        """Attend from ``x`` (B or 1, Q, D) to ``memory`` (B, K, D): (B, Q, D)."""
        W_q, W_k, W_v = self.in_proj_weight.chunk(3)  # (D, D) each
        b_q, b_k, b_v = self.in_proj_bias.chunk(3)  # (D,) each
        q = self._split(functional.linear(x, W_q, b_q))  # (B, H, Q, D/H)
        k = self._split(functional.linear(memory, W_k, b_k))  # (B, H, K, D/H)
        v = self._split(functional.linear(memory, W_v, b_v))  # (B, H, K, D/H)
        scores = q @ k.transpose(-2, -1) / math.sqrt(q.shape[-1])  # (B, H, Q, K)
        mixed = drop(scores.softmax(dim=-1)) @ v  # (B, H, Q, D/H)
        out: Tensor = self.out_proj(mixed.transpose(1, 2).flatten(2))  # (B, Q, D)
        return out

    def _split(self, x: Tensor) -> Tensor:
        """(B, Q, D) -> (B, H, Q, D/H)."""
        return x.reshape(*x.shape[:2], self.heads, -1).transpose(1, 2)


class DecoderLayer(nn.Module):
    """Self-attention among the queries, cross-attention to the regions, feed-forward; post-norm, ReLU [2]."""

    def __init__(self, shape: AdaptorShape) -> None:
        super().__init__()
        D, F = shape.joint, shape.feed_forward
        self.self_attn = Attention(D, shape.heads)
        self.multihead_attn = Attention(D, shape.heads)
        self.linear1, self.linear2 = nn.Linear(D, F), nn.Linear(F, D)
        self.norm1, self.norm2, self.norm3 = nn.LayerNorm(D), nn.LayerNorm(D), nn.LayerNorm(D)

    def forward(self, x: Tensor, memory: Tensor, drop: Drop) -> Tensor:
        """``x`` (B or 1, Q, D) and ``memory`` (B, K, D) -> (B, Q, D)."""
        x = self.norm1(x + drop(self.self_attn(x, x, drop)))
        x = self.norm2(x + drop(self.multihead_attn(x, memory, drop)))
        inner = drop(functional.relu(self.linear1(x)))  # (B, Q, F)
        out: Tensor = self.norm3(x + drop(self.linear2(inner)))
        return out


class Decoder(nn.Module):
    """The layers and the final norm; parameters as in ``torch.nn.TransformerDecoder``."""

    def __init__(self, shape: AdaptorShape) -> None:
        super().__init__()
        self.layers = nn.ModuleList(DecoderLayer(shape) for _ in range(shape.layers))
        self.norm = nn.LayerNorm(shape.joint)

    def forward(self, x: Tensor, memory: Tensor, drop: Drop) -> Tensor:
        """``x`` (B, Q, D) and ``memory`` (B, K, D) -> (B, Q, D)."""
        for layer in self.layers:
            x = layer(x, memory, drop)
        out: Tensor = self.norm(x)
        return out


class Adaptor(nn.Module):
    """Learned queries look at a set of joint features and become the prefix of the language model [1]."""

    def __init__(self, shape: AdaptorShape) -> None:
        super().__init__()
        self.shape = shape
        self.queries = nn.Parameter(torch.empty(shape.queries, shape.joint))  # (Q, D)
        self.decoder = Decoder(shape)
        widths = [shape.joint] * shape.projection_layers + [shape.language]  # D, D, D, E
        self.projection = nn.ModuleList(nn.Linear(a, b) for a, b in pairwise(widths))

    def forward(self, memory: Tensor, drop: Drop | None = None) -> Tensor:
        """Prefix embeddings for sets of features.

        Args:
            memory: ``(B, K, D)``, a set of K features an item; their order does not matter.
            drop: Dropout in training; None for none.

        Returns:
            ``(B, Q, E)``.
        """
        x = self.queries[None]  # (1, Q, D): what the queries say to each other is the same for every item
        if drop is not None:
            x = x.expand(len(memory), -1, -1)  # (B, Q, D): but for the masks
        x = self.decoder(x, memory, drop or _keep)  # (B, Q, D)
        for linear in self.projection[:-1]:
            x = functional.relu(linear(x))  # (B, Q, D)
        prefix: Tensor = self.projection[-1](x)  # (B, Q, E)
        return prefix

    @torch.no_grad()
    def initialise(self, generator: Generator) -> None:
        """Draw every parameter from a generator, as torch's own modules do: see the source of each line.

        Queries as ``nn.Embedding`` (N(0, 1)); attention's input projections Glorot-uniform with zero biases, as in
        ``nn.MultiheadAttention``; linear layers uniform within 1 / sqrt(fan in), as ``nn.Linear``; norms 1 and 0.
        """
        self.queries.normal_(generator=generator)
        for module in self.modules():
            if isinstance(module, nn.LayerNorm):
                module.reset_parameters()
            elif isinstance(module, nn.Linear):
                bound = 1.0 / math.sqrt(module.in_features)
                module.weight.uniform_(-bound, bound, generator=generator)
                module.bias.uniform_(-bound, bound, generator=generator)
        for module in self.modules():
            if isinstance(module, Attention):
                nn.init.xavier_uniform_(module.in_proj_weight, generator=generator)
                module.in_proj_bias.zero_()
                module.out_proj.bias.zero_()


def build_adaptor(shape: AdaptorShape, *, device: str = "cpu") -> Adaptor:
    """An adaptor whose parameters hold no values yet; neither time nor random numbers are spent on them."""
    with torch.device("meta"):
        adaptor = Adaptor(shape)
    return adaptor.to_empty(device=device)


def _keep(x: Tensor) -> Tensor:
    """No dropout."""
    return x
