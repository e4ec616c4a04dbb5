"""Which tokens follow: beam search and greedy decoding over the logits of many items at once. Imports torch.

Shapes: I items, b beams, T tokens found, V words. The rules are those of transformers' beam search with
``early_stopping=False``, so that the texts are the same; an item's tokens depend on its own logits alone.
"""

from __future__ import annotations

from abc import ABC, abstractmethod

import torch
from torch import Tensor

from zsbench.interfaces.language import GenerationSettings

__all__ = ["BeamSearch", "GreedySearch", "Search", "begin_search"]

NEVER = -1.0e9
"""Score of what is not to be chosen; finite, as in transformers, so that sums stay numbers."""
BLOCK = 64
ROWS = 8
"""Rows whose exponentials are summed at once."""
LARGE = 4096
"""From this many words on, the largest logits are sought in blocks."""


def begin_search(items: int, settings: GenerationSettings, *, end: int, device: torch.device) -> Search:
    """A search over ``items`` items that has found nothing yet."""
    kind = BeamSearch if settings.beams > 1 else GreedySearch
    return kind(items, settings, end=end, device=device)


class Search(ABC):
    """A search in progress.

    Args:
        items: I.
        settings: How to decode.
        end: The token that ends a text.
        device: Where the logits are.

    Attributes:
        tokens: ``(I, b)`` int64, the last token of every running beam.
        parents: ``(I, b)`` int64, the beams that these grew from.
        running: ``(I,)`` bool, the items that are not finished.
    """

    def __init__(self, items: int, settings: GenerationSettings, *, end: int, device: torch.device) -> None:
        self._settings, self._end, self._device = settings, end, device
        self._found = 0  # T
        self.tokens = torch.empty(items, settings.beams, dtype=torch.long, device=device)
        self.parents = torch.zeros_like(self.tokens)
        self.running = torch.ones(items, dtype=torch.bool, device=device)

    @property
    def is_over(self) -> bool:
        """Whether no item goes on."""
        return self._found == self._settings.max_new_tokens or not bool(self.running.any())

    @abstractmethod
    def advance(self, logits: Tensor) -> None:
        """Take logits of any precision: of running beams, ``(I * b, V)`` or, for the first token, ``(I, V)``."""

    @abstractmethod
    def keep(self, items: Tensor) -> None:
        """Go on with these items alone."""

    @abstractmethod
    def read_best(self) -> list[list[int]]:
        """The best tokens of each item, without the end token."""

    def _may_end(self) -> bool:
        return self._found >= self._settings.min_new_tokens


class GreedySearch(Search):
    """The likeliest token, one after the other."""

    def __init__(self, items: int, settings: GenerationSettings, *, end: int, device: torch.device) -> None:
        super().__init__(items, settings, end=end, device=device)
        self._texts = torch.full((items, settings.max_new_tokens), end, device=device)

    def advance(self, logits: Tensor) -> None:
        """See ``Search``."""
        if not self._may_end():
            logits[:, self._end] = -torch.inf
        chosen = torch.where(self.running, logits.argmax(dim=-1), self._end)
        self._texts[:, self._found] = chosen
        self.running &= chosen != self._end
        self.tokens = chosen[:, None]
        self._found += 1

    def keep(self, items: Tensor) -> None:
        """See ``Search``."""
        self._texts, self.running = self._texts[items], self.running[items]
        self.tokens, self.parents = self.tokens[items], self.parents[items]

    def read_best(self) -> list[list[int]]:
        """See ``Search``."""
        return [_cut(row, self._end) for row in self._texts.tolist()]


class BeamSearch(Search):
    """The b likeliest texts go on; an ended text counts by its log-probability over a power of its length."""

    def __init__(self, items: int, settings: GenerationSettings, *, end: int, device: torch.device) -> None:
        super().__init__(items, settings, end=end, device=device)
        b, T = settings.beams, settings.max_new_tokens
        self._scores = torch.full((items, b), NEVER, device=device)
        self._scores[:, 0] = 0.0  # before the first token all beams are one
        self._texts = torch.full((items, b, T), end, device=device)
        self._ended_texts = self._texts.clone()
        self._ended_scores = torch.full((items, b), NEVER, device=device)
        self._has_ended = torch.zeros(items, b, dtype=torch.bool, device=device)

    def advance(self, logits: Tensor) -> None:
        """See ``Search``."""
        scores, words, parents = self._extend(logits)  # (I, 2 b) each, the best first
        texts = _gather(self._texts, parents)
        texts[:, :, self._found] = words
        self._found += 1
        ends = (words == self._end) | (self._found == self._settings.max_new_tokens)
        self._collect(scores, texts, ends)
        going = scores + ends * NEVER
        self._scores, best = going.topk(self._settings.beams)
        self._texts = _gather(texts, best)
        self.tokens, self.parents = words.gather(1, best), parents.gather(1, best)
        self.running &= self._can_improve()

    def _extend(self, logits: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Scores, words and beams of the 2 b best continuations of each item."""
        b = self._settings.beams
        total = sum_exponentials(logits)
        if not self._may_end():
            logits[:, self._end] = -torch.inf
        best, words = find_largest(logits, min(2 * b, logits.shape[1]))  # (I * b, k)
        steps = (best.float() - total).view(len(self.tokens), -1, best.shape[1])
        scores = (steps + self._scores[:, :, None]).flatten(1)  # (I, b * k)
        words = words.view(steps.shape).expand(-1, b, -1).flatten(1)
        scores, places = scores.topk(2 * b)
        return scores, words.gather(1, places), places // best.shape[1]

    def _collect(self, scores: Tensor, texts: Tensor, ends: Tensor) -> None:
        """Keep the b best of the ended texts; only the first b continuations may end, and only in running items."""
        b = self._settings.beams
        counts = ends & self.running[:, None]
        counts[:, b:] = False
        ended = scores / self._found**self._settings.length_penalty
        merged = torch.cat((self._ended_scores, torch.where(counts, ended, NEVER)), dim=1)
        self._ended_scores, best = merged.topk(b)
        self._ended_texts = _gather(torch.cat((self._ended_texts, texts), dim=1), best)
        self._has_ended = torch.cat((self._has_ended, counts), dim=1).gather(1, best)

    def _can_improve(self) -> Tensor:
        """``(I,)``: whether the best running beam, at its length, is above the worst of b ended texts."""
        possible = self._scores[:, 0] / self._found**self._settings.length_penalty
        improves: Tensor = possible > self._ended_scores[:, -1]
        return improves | ~self._has_ended.all(dim=1)

    def keep(self, items: Tensor) -> None:
        """See ``Search``."""
        self.tokens, self.parents, self.running = self.tokens[items], self.parents[items], self.running[items]
        self._scores, self._texts = self._scores[items], self._texts[items]
        self._ended_scores, self._ended_texts = self._ended_scores[items], self._ended_texts[items]
        self._has_ended = self._has_ended[items]

    def read_best(self) -> list[list[int]]:
        """See ``Search``."""
        return [_cut(row, self._end) for row in self._ended_texts[:, 0].tolist()]


def sum_exponentials(logits: Tensor) -> Tensor:
    """Logarithm of the sum of exponentials of each row of ``(n, V)``: ``(n, 1)`` float32.

    Some rows at a time, for they stay in the processor's cache; always as many, for one row alone is summed otherwise.
    """
    sums = []
    for rows in torch.split(logits, ROWS):
        filling = rows[-1:].expand(ROWS - len(rows), -1)
        filled = rows if len(rows) == ROWS else torch.cat((rows, filling))
        sums.append(filled.float().logsumexp(dim=-1, keepdim=True)[: len(rows)])
    return torch.cat(sums)


def find_largest(logits: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """The ``count`` largest of each row of ``(n, V)``, and where they are: ``(n, count)`` each, the largest first.

    Of a large vocabulary only those blocks are looked into that hold the largest maxima.
    """
    n, V = logits.shape
    blocks = V // BLOCK
    if V < LARGE or blocks < count:
        return logits.topk(count)
    whole = blocks * BLOCK
    _, chosen = logits[:, :whole].view(n, blocks, BLOCK).amax(dim=-1).topk(count)  # (n, count)
    places = (chosen[:, :, None] * BLOCK + torch.arange(BLOCK, device=logits.device)).flatten(1)
    places = torch.cat((places, torch.arange(whole, V, device=logits.device).expand(n, -1)), dim=1)
    values, best = logits.gather(1, places).topk(count)
    return values, places.gather(1, best)


def _gather(rows: Tensor, beams: Tensor) -> Tensor:
    """Rows ``(I, m, T)`` of beams ``(I, n)``: ``(I, n, T)``."""
    return rows.gather(1, beams[:, :, None].expand(-1, -1, rows.shape[2]))


def _cut(row: list[int], end: int) -> list[int]:
    return row[: row.index(end)] if end in row else row
