"""Sub-regions of an image from what a vision transformer says: which positions, and what each is made of.

Shapes: K regions, P patches, D joint width. Positions count the class token first, then the patches in raster order.
Everything is per image: the shapes that are multiplied never depend on a batch, hence neither do the results.

[1] Qiu, Ning and He, AAAI 2024, arXiv 2401.02347: sub-region feature aggregation, in the method section.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal

from zsbench.errors import FeatureError

if TYPE_CHECKING:
    from torch import Generator, Tensor

    from zsbench.interfaces.encoder import ImageFeatures

__all__ = [
    "AttentionWeights",
    "aggregate_regions",
    "grid_cells",
    "read_tokens",
    "select_above",
    "select_random",
    "select_top",
]

AttentionWeights = Literal["row", "softmax-of-row"]


def read_tokens(features: ImageFeatures, row: int) -> tuple[Tensor, Tensor]:
    """One image's class token and patches ``(1+P, D)``, and its attention ``(1+P, 1+P)``.

    Raises:
        FeatureError: The encoder gives none.
    """
    import torch

    if features.patches is None or features.attention is None or features.class_token is None:
        raise FeatureError(
            "The image features have no patch tokens, class token or attention.",
            "Sub-regions are made of them.",
            "Choose an encoder with a class token, or set `inference.region_source: global`.",
        )
    return torch.cat((features.class_token[row, None], features.patches[row])), features.attention[row]


def select_top(scores: Tensor, count: int, *, allow_class_token: bool = False) -> Tensor:
    """Positions of the highest scores, highest first; of equals the first position wins.

    Args:
        scores: ``(1+P,)``, class token first, such as the class token's row of the attention [1].
        count: K.
        allow_class_token: Whether position 0 may be selected.

    Returns:
        ``(K,)`` int64.

    Raises:
        FeatureError: There are fewer than K positions.
    """
    first = 0 if allow_class_token else 1
    _check_count(len(scores) - first, count)
    return scores[first:].argsort(descending=True, stable=True)[:count] + first


def select_above(scores: Tensor, count: int, factor: float, *, allow_class_token: bool = False) -> Tensor:
    """Positions whose score is at least ``factor`` times the mean score, highest first, repeated to K of them.

    Of more than K, the K highest; where none is high enough, the highest alone, K times.

    Args:
        scores: ``(1+P,)``, class token first.
        count: K.
        factor: Of the mean over the positions that may be selected.
        allow_class_token: Whether position 0 may be selected.

    Returns:
        ``(K,)`` int64.
    """
    first = 0 if allow_class_token else 1
    allowed = scores[first:]
    found = int((allowed >= factor * allowed.mean()).sum())
    selected = select_top(scores, min(max(found, 1), count), allow_class_token=allow_class_token)
    return _cycle(selected, count)


def select_random(positions: int, count: int, generator: Generator, *, allow_class_token: bool = False) -> Tensor:
    """K different positions of ``1 + P``, each as likely as any other: ``(K,)`` int64.

    Raises:
        FeatureError: There are fewer than K positions.
    """
    import torch

    first = 0 if allow_class_token else 1
    _check_count(positions - first, count)
    return torch.randperm(positions - first, generator=generator)[:count] + first


def aggregate_regions(rows: Tensor, tokens: Tensor, weights: AttentionWeights) -> Tensor:
    """Sub-region features ``r_i = normalise(weights_i @ tokens)`` [1].

    Args:
        rows: ``A[i, :]`` of the selected positions, ``(K, 1+P)``, each sums to 1.
        tokens: Class token and patches in the joint space, ``(1+P, D)``.
        weights: The rows themselves, or their softmax, which is nearly uniform.

    Returns:
        ``(K, D)``, unit norm.
    """
    import torch

    mixture = rows.softmax(dim=-1) if weights == "softmax-of-row" else rows  # (K, 1+P)
    return torch.nn.functional.normalize(mixture @ tokens, dim=-1)


def grid_cells(patches: int, count: int, *, like: Tensor) -> Tensor:
    """Weights of a regular grid's cells over class token and patches: ``(K, 1+P)``, rows sum to 1.

    The grid has g x g cells, ``g = floor(sqrt(K))``, repeated to K of them; a cell weighs its patches equally and the
    class token not at all.

    Args:
        patches: P, a square number: patches in raster order.
        count: K.
        like: Gives dtype and device.

    Raises:
        FeatureError: The patches form no square, or are fewer than the cells.
    """
    import torch

    side, cells = math.isqrt(patches), math.isqrt(count)
    if side * side != patches or cells > side:
        raise FeatureError(
            f"The encoder gives {patches} patches an image.",
            f"A grid of {cells} x {cells} cells divides a square of at least as many patches a side.",
            "Choose another `inference.region_source`, or fewer `inference.regions`.",
        )
    band = torch.arange(side) * cells // side  # (side,) the cell of each row and column
    cell = (band[:, None] * cells + band).flatten()  # (P,)
    weights = like.new_zeros(cells * cells, 1 + patches)
    weights[cell, torch.arange(1, 1 + patches)] = 1.0
    weights = weights / weights.sum(-1, keepdim=True)
    return weights[_cycle(torch.arange(len(weights)), count)]


def _cycle(positions: Tensor, count: int) -> Tensor:
    """The positions over and over, K of them."""
    return positions.repeat(math.ceil(count / len(positions)))[:count]


def _check_count(positions: int, count: int) -> None:
    """Refuse more regions than positions."""
    if positions < count:
        raise FeatureError(
            f"The encoder gives {positions} positions an image.",
            f"The setting `inference.regions` asks for {count}.",
            f"Set `inference.regions` to {positions} or less.",
        )
