"""Exact nearest neighbours of unit vectors, in blocks of the memory.

Shapes: B queries, M memory rows, D joint width, k neighbours.

A float32 matrix product finds a short list; its scores are then computed again in float64, one pair at a time. So
neither the batch nor the block a row lies in changes a score, and equal rows have equal scores.
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

__all__ = ["Neighbour", "find_nearest"]

BLOCK = 65_536
"""Memory rows that are compared at once: at most ``B * BLOCK`` scores are held."""
MARGIN = 1e-5
"""More than a float32 dot product of unit vectors can be wrong by."""


@dataclass(frozen=True, order=True)
class Neighbour:
    """A memory row, ordered from the nearest to the farthest, the lowest index of equals first."""

    distance: float
    index: int

    @property
    def cosine(self) -> float:
        """Similarity to the query."""
        return -self.distance


def find_nearest(queries: Tensor, memory: Tensor, count: int, *, block: int = BLOCK) -> list[list[Neighbour]]:
    """The k nearest memory rows of each query.

    Args:
        queries: ``(B, D)`` float32, unit norm.
        memory: ``(M, D)`` float32, unit norm; may be memory-mapped, read once and in order.
        count: k; all rows if there are fewer.
        block: Memory rows a matrix product.

    Returns:
        B lists of k neighbours, nearest first.
    """
    best: list[list[Neighbour]] = [[] for _ in queries]
    for start in range(0, len(memory), block):
        rows = memory[start : start + block]  # (m, D)
        approximate = queries @ rows.T  # (B, m)
        for query, scores, found in zip(queries, approximate, best, strict=True):
            listed = _shortlist(scores, count)
            found.extend(_exact(query, rows[listed], listed, start))
            found[:] = sorted(found)[:count]
    return best


def _shortlist(scores: Tensor, count: int) -> Tensor:
    """Positions whose approximate score may be among the k best: ``(n,)`` int64, ascending, n >= min(k, m)."""
    threshold = scores.topk(min(count, len(scores))).values[-1] - MARGIN
    return (scores >= threshold).nonzero()[:, 0]


def _exact(query: Tensor, rows: Tensor, positions: Tensor, start: int) -> list[Neighbour]:
    """Neighbours with scores in float64."""
    cosines = (rows.double() * query.double()).sum(-1)  # (n,)
    pairs = zip(cosines.tolist(), positions.tolist(), strict=True)
    return [Neighbour(-cosine, start + position) for cosine, position in pairs]
