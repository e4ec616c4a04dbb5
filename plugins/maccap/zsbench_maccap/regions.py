"""Sub-regions of an image: selection, aggregation and fusion with the global feature.

Alphabet: K regions, P patches, D joint width. Everything is per image: the shapes that are multiplied never depend
on the batch, hence neither do the results.

[1] Qiu, Ning and He, AAAI 2024, arXiv 2401.02347: sub-region feature aggregation, in the method section.
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

from zsbench.errors import FeatureError
from zsbench.interfaces.encoder import ImageFeatures
from zsbench_maccap.config import MacCapInference

__all__ = ["aggregate_regions", "read_memory", "select_regions"]


def read_memory(features: ImageFeatures, row: int, settings: MacCapInference) -> Tensor:
    """What the adaptor looks at for one image, before noise: ``f_i = v + w r_i``, or v in every slot.

    Args:
        features: Features of B images.
        row: Which image.
        settings: Source, number and weight of the regions.

    Returns:
        ``(K, D)`` float32, norm up to ``1 + w``.

    Raises:
        FeatureError: The encoder gives no patches and attention, or fewer positions than K.
    """
    v = features.pooled[row]  # (D,)
    if settings.region_source == "global":
        return v.repeat(settings.regions, 1)  # (K, D)
    if features.patches is None or features.attention is None or features.class_token is None:
        raise FeatureError(
            "The image features have no patch tokens, class token or attention.",
            "Sub-regions are made of them.",
            "Choose an encoder with a class token, or set `inference.region_source: global`.",
        )
    tokens = torch.cat((features.class_token[row, None], features.patches[row]))  # (1+P, D)
    A = features.attention[row]  # (1+P, 1+P)
    selected = select_regions(A, settings.regions, allow_class_token=settings.allow_class_token)  # (K,)
    r = aggregate_regions(A[selected], tokens, settings.attention_weights)  # (K, D)
    return v + settings.region_weight * r


def select_regions(attention: Tensor, count: int, *, allow_class_token: bool = False) -> Tensor:
    """Positions under the class token's strongest attention, strongest first; of equals the first position wins.

    Args:
        attention: A, ``(1+P, 1+P)``, class token first.
        count: K.
        allow_class_token: Whether position 0 may be selected.

    Returns:
        ``(K,)`` int64, positions among class token and patches.

    Raises:
        FeatureError: There are fewer than K positions.
    """
    first = 0 if allow_class_token else 1
    weights = attention[0, first:]
    if len(weights) < count:
        raise FeatureError(
            f"The encoder gives {len(weights)} positions an image.",
            f"The setting `inference.regions` asks for {count}.",
            f"Set `inference.regions` to {len(weights)} or less.",
        )
    return weights.argsort(descending=True, stable=True)[:count] + first


def aggregate_regions(rows: Tensor, tokens: Tensor, weights: Literal["row", "softmax-of-row"]) -> Tensor:
    """Sub-region features ``r_i = normalise(weights_i @ tokens)``.

    Args:
        rows: ``A[i, :]`` of the selected positions, ``(K, 1+P)``, each sums to 1.
        tokens: Class token and patches in the joint space, ``(1+P, D)``.
        weights: The rows themselves, or their softmax, which is nearly uniform.

    Returns:
        ``(K, D)``, unit norm.
    """
    mixture = rows.softmax(dim=-1) if weights == "softmax-of-row" else rows  # (K, 1+P)
    return torch.nn.functional.normalize(mixture @ tokens, dim=-1)
