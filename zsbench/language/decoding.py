"""Many prefixes decoded together; finished ones are let go, and a text depends on its own prefix. Imports torch."""

from __future__ import annotations

import torch
from torch import Tensor

from zsbench.flops import FlopCount
from zsbench.interfaces.language import GenerationSettings
from zsbench.language.beams import Search, begin_search
from zsbench.language.opt import Memory, OptSteps
from zsbench.oom import BatchLimit

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

    What memory has no room for is halved; with a fixed number of items, the last bits of scores may then change.
    """

    def __init__(self, steps: OptSteps, *, end: int, items: int | None = None) -> None:
        self._steps, self._end, self._fixed = steps, end, items
        self._room = MEMORY

    def decode(self, embeddings: Tensor, settings: GenerationSettings, tally: FlopCount) -> list[list[int]]:
        """The tokens that follow each of ``(N, L, E)`` embeddings, without the end token.

        Args:
            embeddings: What stands before.
            settings: How to decode.
            tally: Counts tokens and products.

        Raises:
            OutOfMemoryError: Not even one item fits.
        """
        size = self._fixed or self._find_size(embeddings.shape[1], settings)
        limit = BatchLimit("prefixes", size)

        def decode_batch(rows: slice) -> list[list[int]]:
            chunk = embeddings[rows]
            missing = limit.rows - len(chunk) if self._fixed else 0
            filled = torch.cat((chunk, chunk[-1:].expand(missing, -1, -1)))
            return self._decode_chunk(filled, settings, tally)[: len(chunk)]

        found = [text for batch in limit.iter_batches(len(embeddings), decode_batch) for text in batch]
        self._remember(size, limit.rows)
        tally.items += sum(min(len(text) + 1, settings.max_new_tokens) for text in found)  # the end is a token too
        return found

    def _find_size(self, prefix: int, settings: GenerationSettings) -> int:
        b = settings.beams
        held = self._steps.item_bytes(prefix + b * settings.max_new_tokens)
        each = held + 3 * b * self._steps.vocabulary * 4  # logits, and what is made of them
        return max(1, min(self._room // each, MOST_ROWS // b))

    def _remember(self, wanted: int, fitted: int) -> None:
        """Begin the next time with what fitted."""
        self._room = self._room * fitted // wanted
        self._fixed = self._fixed and fitted

    def _decode_chunk(self, embeddings: Tensor, settings: GenerationSettings, tally: FlopCount) -> list[list[int]]:
        search = begin_search(len(embeddings), settings, end=self._end, device=embeddings.device)
        logits, memory = self._steps.begin(embeddings, settings.beams * (settings.max_new_tokens - 1), tally)
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
            search.advance(self._steps.step(search.tokens, memory, seen, tally))
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
