"""Self-attention of open_clip's plain blocks with fewer passes over memory, and its weights without a second pass.

``nn.MultiheadAttention`` moves the batch to the second place before it projects, which costs copies and keeps bias and
product apart; and it gives its weights only to a caller who asks for them, which the blocks never do.
Shapes: B rows of a batch, T tokens, H heads, d width of a head, W = H d.
"""

from __future__ import annotations

from typing import Any

import torch
from open_clip.transformer import ResidualAttentionBlock
from torch import Tensor, nn
from torch.nn.functional import linear, scaled_dot_product_attention

__all__ = ["PlainAttention", "has_plain_attention", "quicken_blocks"]


def has_plain_attention(block: nn.Module) -> bool:
    """Whether a block attends as OpenAI's CLIP does: one projection to queries, keys and values, batch first."""
    if type(block) is not ResidualAttentionBlock:
        return False
    attn: Any = block.attn
    return isinstance(attn, nn.MultiheadAttention) and attn.batch_first and attn.in_proj_bias is not None


def quicken_blocks(model: nn.Module) -> None:
    """Let every plain block of a model attend by ``PlainAttention``."""
    for block in model.modules():
        if has_plain_attention(block):
            block.__dict__["attention"] = PlainAttention(block.attn)  # no submodule: the weights stay where they are


class PlainAttention:
    """What ``ResidualAttentionBlock.attention`` computes, from the same weights.

    Args:
        attn: The block's attention.

    Attributes:
        keeps_weights: Whether the weights of a call are kept for ``take_weights``.
    """

    def __init__(self, attn: Any) -> None:
        self._attn = attn
        self.keeps_weights = False
        self._weights: Tensor | None = None

    def __call__(
        self, q_x: Tensor, k_x: Tensor | None = None, v_x: Tensor | None = None, attn_mask: Tensor | None = None
    ) -> Tensor:
        """Attention of ``(B, T, W)`` to itself; an additive mask is ``(T, T)``, or ``(B H, T, T)``."""
        attn = self._attn
        qkv = linear(q_x, attn.in_proj_weight, attn.in_proj_bias)  # (B, T, 3 W)
        B, T, W = q_x.shape
        q, k, v = qkv.view(B, T, 3, attn.num_heads, W // attn.num_heads).permute(2, 0, 3, 1, 4)  # (B, H, T, d) each
        mask = None if attn_mask is None else attn_mask.to(q.dtype)
        if mask is not None and mask.ndim == qkv.ndim:
            mask = mask.view(B, -1, T, T)
        mixed = self._mix(q, k, v, mask) if self.keeps_weights else scaled_dot_product_attention(q, k, v, mask)
        return linear(mixed.transpose(1, 2).flatten(2), attn.out_proj.weight, attn.out_proj.bias)

    def take_weights(self) -> Tensor:
        """Weights of the last call, ``(B, T, T)`` float32, averaged over heads; they are kept no longer."""
        weights, self._weights = self._weights, None
        assert weights is not None  # noqa: S101  whoever takes them let them be kept
        return weights

    def _mix(self, q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None) -> Tensor:
        """Values mixed by weights that are kept."""
        scores = (q * q.shape[-1] ** -0.5) @ k.transpose(-1, -2)  # (B, H, T, T)
        weights = (scores if mask is None else scores + mask).softmax(dim=-1, dtype=torch.float32)
        self._weights = weights.mean(dim=1)
        mixed: Tensor = weights.to(v.dtype) @ v
        return mixed
