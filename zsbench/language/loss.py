"""The loss of texts given their prefixes, through a causal model of transformers; for training."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from zsbench.interfaces.language import TokenBatch

__all__ = ["text_loss"]


def text_loss(model: Any, prefix: Tensor, tokens: TokenBatch, *, keeps_logits: bool) -> Tensor:
    """Cross-entropy in nats, summed over the tokens after the leading one.

    Logits are made where a token is predicted and nowhere else: not at the prefix, and in float32 not at padding.
    Padding needs no mask, because it stands on the right and a causal model looks to the left.

    Args:
        model: A causal language model.
        prefix: ``(N, Q, E)`` on the model's device.
        tokens: N texts, padded on the right.
        keeps_logits: Whether the model takes ``logits_to_keep``.

    Returns:
        A scalar; gradients flow to the prefix.
    """
    ids, mask = tokens.ids.to(prefix.device), tokens.mask.to(prefix.device)  # (N, T)
    words = model.get_input_embeddings()(ids[:, :-1])  # (N, T-1, E)
    inputs = torch.cat((prefix, words), dim=1).to(words.dtype)  # (N, Q+T-1, E)
    kept = {"logits_to_keep": words.shape[1]} if keeps_logits else {}
    logits: Tensor = model(inputs_embeds=inputs, use_cache=False, **kept).logits[:, prefix.shape[1] * (not kept) :]
    counted = mask[:, 1:]  # (N, T-1)
    return functional.cross_entropy(logits[counted].float(), ids[:, 1:][counted], reduction="sum")
