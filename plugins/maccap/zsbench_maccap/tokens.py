"""The tokenised corpus in batches.

Shapes: N texts, T tokens.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Generator, Tensor

from zsbench.interfaces.language import LanguageModel, TokenBatch

__all__ = ["Tokens", "iter_batches", "tokenize_corpus"]

CHUNK = 8_192
"""Texts that are tokenised at once."""
POOL = 32
"""Batches that are drawn at once and filled by length."""


@dataclass(frozen=True)
class Tokens:
    """A tokenised corpus, compact.

    Attributes:
        ids: ``(N, T)`` int32, 0 after a text's end.
        lengths: ``(N,)`` int64, tokens of each text, special tokens included.
    """

    ids: Tensor
    lengths: Tensor

    def __len__(self) -> int:
        """N."""
        return len(self.lengths)

    def select(self, rows: Tensor) -> TokenBatch:
        """The texts of some rows, as wide as the longest of them."""
        lengths = self.lengths[rows]
        width = int(lengths.max())
        mask = torch.arange(width) < lengths[:, None]  # (n, T)
        return TokenBatch(self.ids[rows, :width].long(), mask)


def tokenize_corpus(language_model: LanguageModel, texts: Sequence[str], *, max_tokens: int) -> Tokens:
    """Every text of a corpus, once: leading token, text, end token."""
    ids = torch.zeros(len(texts), max_tokens, dtype=torch.int32)
    lengths = torch.zeros(len(texts), dtype=torch.int64)
    for start in range(0, len(texts), CHUNK):
        batch = language_model.tokenize(texts[start : start + CHUNK], max_tokens=max_tokens)
        rows = slice(start, start + len(batch.ids))
        ids[rows, : batch.ids.shape[1]] = (batch.ids * batch.mask).to(ids)
        lengths[rows] = batch.mask.sum(1).to(lengths)
    return Tokens(ids, lengths)


def iter_batches(lengths: Tensor, batch_size: int, generator: Generator) -> Iterator[Tensor]:
    """Rows of endless epochs, in batches of texts of similar length, so that little padding is computed.

    Each epoch is a fresh permutation; within pools of ``POOL`` batches texts are sorted by length (equal lengths in
    the order of the permutation), and all batches of the epoch come in random order. The last batch may be smaller.
    """
    while True:
        order = torch.randperm(len(lengths), generator=generator)
        batches: list[Tensor] = []
        for pool in torch.split(order, batch_size * POOL):
            by_length = pool[lengths[pool].argsort(stable=True)]
            batches.extend(torch.split(by_length, batch_size))
        for index in torch.randperm(len(batches), generator=generator).tolist():
            yield batches[index]
