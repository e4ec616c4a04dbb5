"""Many prefixes decoded together; finished ones are let go, and a text depends on its own prefix. Imports torch."""

from __future__ import annotations

import torch
from torch import Tensor

from zsbench.interfaces.language import GenerationSettings
from zsbench.language.beams import Search, begin_search
from zsbench.language.opt import Memory, OptSteps

__all__ = ["Decoder"]

MEMORY = 2**29
"""Bytes that keys, values and logits of the items decoded at once may take on a CPU."""
MOST_ROWS = 1024
"""Beams of all items decoded at once on a CPU; more are no faster."""
WORTH_MOVING = 0.75
"""Finished items are let go when no more than this part of those held still runs: letting go copies the others."""


class Decoder:
    """The decoding loop over a model's steps.

    Args:
        steps: The model.
        end: The token that ends a text.
        items: Items decoded at once, every time, filled up where there are fewer, so that each takes the same kernels;
            None where rows do not depend on their number: then as many as fit, and finished ones are let go.
    """

    def __init__(self, steps: OptSteps, *, end: int, items: int | None = None) -> None:
        self._steps, self._end, self._fixed = steps, end, items

    def decode(self, embeddings: Tensor, settings: GenerationSettings) -> list[list[int]]:
        """The tokens that follow each of ``(N, L, E)`` embeddings, without the end token."""
        size = self._fixed or self._find_size(embeddings.shape[1], settings)
        found: list[list[int]] = []
        for chunk in torch.split(embeddings, size):
            filling = chunk[-1:].expand((self._fixed or len(chunk)) - len(chunk), -1, -1)
            found.extend(self._decode_chunk(torch.cat((chunk, filling)), settings)[: len(chunk)])
        return found

    def _find_size(self, prefix: int, settings: GenerationSettings) -> int:
        b = settings.beams
        held = self._steps.item_bytes(prefix + b * settings.max_new_tokens)
        each = held + 3 * b * self._steps.vocabulary * 4  # logits, and what is made of them
        return max(1, min(MEMORY // each, MOST_ROWS // b))

    def _decode_chunk(self, embeddings: Tensor, settings: GenerationSettings) -> list[list[int]]:
        search = begin_search(len(embeddings), settings, end=self._end, device=embeddings.device)
        logits, memory = self._steps.begin(embeddings, settings.beams * (settings.max_new_tokens - 1))
        seen = torch.empty(*search.tokens.shape, 0, dtype=torch.bool, device=embeddings.device)
        own = torch.eye(settings.beams, dtype=torch.bool, device=embeddings.device)
        texts: list[list[int]] = [[] for _ in embeddings]
        held = list(range(len(embeddings)))
        search.advance(logits)
        while not search.is_over:
            if self._fixed is None and float(search.running.float().mean()) <= WORTH_MOVING:
                seen, held = self._let_go(search, memory, seen, held, texts)
            seen = seen.gather(1, search.parents[:, :, None].expand(-1, -1, seen.shape[2]))
            seen = torch.cat((seen, own.expand(len(seen), -1, -1)), dim=2)
            search.advance(self._steps.step(search.tokens, memory, seen))
        for place, text in zip(held, search.read_best(), strict=True):
            texts[place] = text
        return texts

    def _let_go(
        self, search: Search, memory: Memory, seen: Tensor, held: list[int], texts: list[list[int]]
    ) -> tuple[Tensor, list[int]]:
        """Write down the finished texts and go on without them."""
        running = search.running.tolist()
        for place, text, runs in zip(held, search.read_best(), running, strict=True):
            if not runs:
                texts[place] = text
        items = search.running.nonzero().flatten()
        search.keep(items)
        memory.keep(items)
        return seen[items], [place for place, runs in zip(held, running, strict=True) if runs]
