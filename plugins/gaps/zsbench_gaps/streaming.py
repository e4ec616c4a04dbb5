"""Means and covariances of features that may not fit in memory: blocks in float64, sums of fixed size.

Shapes: N items, D joint width. What is held beside the features is one block a set of features and the sums.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from zsbench.errors import FeatureError
from zsbench_gaps.features import iter_blocks

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["check_covariance", "stream_covariance", "stream_mean"]

SMALLEST_SHARE = 1e-10
"""An eigenvalue below this share of the largest counts as zero."""
Change = Callable[["Tensor"], "Tensor"]
PairChange = Callable[["Tensor", "Tensor"], tuple["Tensor", "Tensor"]]


def stream_mean(features: Tensor, *, name: str, change: Change | None = None) -> Tensor:
    """The mean over rows as float64, of the features or of what ``change`` makes of each block.

    Args:
        features: ``(N, D)`` unit vectors, memory-mapped or not.
        name: What they are, for messages.
        change: ``(n, D)`` float64 -> any ``(n, ...)``; rows on their own.

    Raises:
        FeatureError: The features are empty, not finite or not of unit norm.
    """
    total: Tensor | None = None
    for block in iter_blocks(features, name=name):
        part = (block if change is None else change(block)).sum(0)
        total = part if total is None else total.add_(part)
    assert total is not None  # noqa: S101  iter_blocks refuses empty features
    return total / len(features)


def stream_covariance(texts: Tensor, images: Tensor, change: PairChange) -> Tensor:
    """``mean_i a_i b_i^T`` as ``(D, D)`` float64 over pairs, where ``a, b = change(texts, images)`` block by block.

    Args:
        texts: ``(N, D)``.
        images: ``(N, D)``, row i belonging to text i.
        change: Gives two ``(n, D)`` float64 blocks, which are centred for a covariance.
    """
    total: Tensor | None = None
    for t, v in zip(iter_blocks(texts, name="text"), iter_blocks(images, name="image"), strict=True):
        a, b = change(t, v)
        part = a.T @ b
        total = part if total is None else total.add_(part)
    assert total is not None  # noqa: S101  iter_blocks refuses empty features
    return total / len(texts)


def check_covariance(covariance: Tensor, *, pairs: int) -> None:
    """Refuse a symmetric ``(D, D)`` covariance that is singular in float64.

    Raises:
        FeatureError: Its smallest eigenvalue is zero beside its largest; the rank is named.
    """
    import torch

    eigenvalues = torch.linalg.eigvalsh(covariance)
    rank = int((eigenvalues > SMALLEST_SHARE * eigenvalues[-1]).sum())
    if rank < len(covariance) or not bool(eigenvalues[-1] > 0):
        raise FeatureError(
            f"The covariance of {pairs} pairs has rank {rank}, of {len(covariance)} dimensions.",
            "The fit needs one of full rank: more distinct pairs than dimensions.",
            "Give more pairs (`gap_fit.limit`), or set `ridge` to a small number such as 0.0001.",
        )
