"""Looking up features in a memory of text features, block by block: no queries x memory matrix is ever held.

Shapes: N queries, M memory rows, D joint width, k neighbours.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from zsbench.errors import FeatureError
from zsbench_gaps.features import iter_blocks

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["check_memory_size", "choose_memory", "find_neighbours", "mix_memory"]

QUERIES = 1_024
ROWS = 8_192
"""At most so many queries meet so many memory rows at once: 32 MB of scores."""
SAME = 1.0 - 1e-5
"""A memory row with a larger cosine is the query itself."""


def choose_memory(texts: Tensor, size: int | None) -> Tensor:
    """The rows that are kept as memory, ``(M, D)`` float32: all, or ``size`` evenly spaced ones.

    Args:
        texts: ``(N, D)`` unit vectors, memory-mapped or not; every row is checked.
        size: M at most; None for N.

    Raises:
        FeatureError: The features are empty, not finite or not of unit norm.
    """
    import torch

    for _ in iter_blocks(texts, name="text"):
        pass  # the check is all that is wanted
    if size is None or size >= len(texts):
        return texts.float()
    return texts[torch.arange(size) * len(texts) // size].float()


def mix_memory(queries: Tensor, memory: Tensor, temperature: float) -> Tensor:
    """``softmax(q M^T / temperature) M`` for each query, exactly, by a running maximum.

    Args:
        queries: ``(N, D)`` unit vectors.
        memory: ``(M, D)`` unit vectors.
        temperature: tau.

    Returns:
        ``(N, D)``, not normalised.
    """
    import torch

    return torch.cat([_mix_block(block, memory, temperature) for block in torch.split(queries, QUERIES)])


def find_neighbours(queries: Tensor, memory: Tensor, count: int, *, own: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """The k memory rows of largest cosine to each query, nearest first.

    Args:
        queries: ``(N, D)`` unit vectors.
        memory: ``(M, D)`` unit vectors, M >= k.
        count: k.
        own: ``(N, D)`` unit vectors; rows of the memory that equal ``own[i]`` are not neighbours of query i.

    Raises:
        FeatureError: The memory has fewer than k rows.

    Returns:
        Cosines ``(N, k)``, -inf where fewer than k rows are left, and rows ``(N, k)`` int64.
    """
    import torch

    check_memory_size(len(memory), count)
    starts = range(0, len(queries), QUERIES)
    found = [
        _nearest_block(queries[i : i + QUERIES], memory, count, None if own is None else own[i : i + QUERIES])
        for i in starts
    ]
    return torch.cat([cosines for cosines, _ in found]), torch.cat([rows for _, rows in found])


def _mix_block(queries: Tensor, memory: Tensor, temperature: float) -> Tensor:
    """The mixture of one block of queries: weights are kept relative to the largest score seen so far."""
    import torch

    largest = queries.new_full((len(queries), 1), -math.inf)
    weight, mixture = queries.new_zeros((len(queries), 1)), queries.new_zeros(queries.shape)
    for rows in torch.split(memory, ROWS):
        scores = (queries @ rows.T).div_(temperature)  # (n, m)
        new = largest.maximum(scores.amax(-1, keepdim=True))
        kept = (largest - new).exp_()  # (n, 1); 0 at first
        e = scores.sub_(new).exp_()
        weight.mul_(kept).add_(e.sum(-1, keepdim=True))
        mixture.mul_(kept).addmm_(e, rows)
        largest = new
    return mixture.div_(weight)


def _nearest_block(queries: Tensor, memory: Tensor, count: int, own: Tensor | None) -> tuple[Tensor, Tensor]:
    """The neighbours of one block of queries."""
    import torch

    cosines = queries.new_full((len(queries), count), -math.inf)
    nearest = torch.zeros((len(queries), count), dtype=torch.int64, device=queries.device)
    for start in range(0, len(memory), ROWS):
        rows = memory[start : start + ROWS]
        scores = queries @ rows.T  # (n, m)
        if own is not None:
            scores.masked_fill_(own @ rows.T > SAME, -math.inf)
        best = scores.topk(min(count, len(rows)), dim=-1)
        merged = torch.cat((cosines, best.values), dim=-1)
        places = torch.cat((nearest, best.indices + start), dim=-1)
        cosines, order = merged.topk(count, dim=-1)
        nearest = places.gather(-1, order)
    return cosines, nearest


def check_memory_size(rows: int, needed: int) -> None:
    """Refuse a memory with fewer rows than a look-up needs.

    Raises:
        FeatureError: It has fewer.
    """
    if rows < needed:
        raise FeatureError(
            f"The memory holds {rows} texts.",
            f"The settings ask for {needed} of them at a time.",
            f"Set `neighbours` to less than {rows}, or name a larger corpus.",
        )
