"""What MacCap looks at in an image: sub-regions from one of several sources, fused with the global feature.

Shapes: K regions, P patches, D joint width, R references. Everything is per image.

[1] Qiu, Ning and He, AAAI 2024, arXiv 2401.02347: sub-region feature aggregation, in the method section.
"""

from __future__ import annotations

import math

from torch import Generator, Tensor

from zsbench.encoders.regions import aggregate_regions, grid_cells, read_tokens, select_above, select_random, select_top
from zsbench.errors import CaptionerError
from zsbench.interfaces import ImageBatch, Regions
from zsbench.seeds import derive_seed
from zsbench_maccap.config import MacCapInference

__all__ = ["find_regions", "read_memory", "region_features"]

SHOWN = 64
"""The record of a caption takes no more cells than this."""


def read_memory(batch: ImageBatch, row: int, settings: MacCapInference) -> Tensor:
    """What the adaptor looks at for one image, before noise: ``f_i = v + w r_i``, or v in every slot [1].

    Args:
        batch: B images.
        row: Which image.
        settings: Source, number and weight of the regions.

    Returns:
        ``(K, D)`` float32, norm up to ``1 + w``; K is P for ``all-patches``.

    Raises:
        FeatureError: The encoder gives no patches and attention, or fewer positions than K.
        CaptionerError: The source is ``caption-oracle`` and there are no references.
    """
    v = batch.features.pooled[row]  # (D,)
    if settings.region_source == "global":
        return v.repeat(settings.regions, 1)  # (K, D)
    return v + settings.region_weight * region_features(batch, row, settings)  # (K, D)


def region_features(batch: ImageBatch, row: int, settings: MacCapInference) -> Tensor:
    """The sub-region features r_i of one image, ``(K, D)``, unit norm, from the source that the settings name."""
    tokens, A = read_tokens(batch.features, row)  # (1+P, D), (1+P, 1+P)
    if settings.region_source == "grid":
        return aggregate_regions(grid_cells(len(tokens) - 1, settings.regions, like=tokens), tokens, "row")
    if settings.region_source in {"all-patches", "caption-oracle"}:
        r = aggregate_regions(A[1:], tokens, settings.attention_weights)  # (P, D)
        return r if settings.region_source == "all-patches" else r[_select_nearest(r, batch, row, settings)]
    selected = _select(A, batch.generators[row], settings)  # (K,)
    return aggregate_regions(A[selected], tokens, settings.attention_weights)  # (K, D)


def find_regions(batch: ImageBatch, row: int, settings: MacCapInference) -> Regions | None:
    """Where in one image the sub-regions are that were selected, for people to see.

    Weights are what the class token's attention gives the cells, whatever they were selected by. None where nothing
    is selected (global, all patches, a grid), or where the patches form no square.
    """
    if settings.region_source in {"global", "all-patches", "grid"}:
        return None
    tokens, A = read_tokens(batch.features, row)  # (1+P, D), (1+P, 1+P)
    side = math.isqrt(len(tokens) - 1)
    if settings.region_source == "caption-oracle":
        r = aggregate_regions(A[1:], tokens, settings.attention_weights)  # (P, D)
        selected = _select_nearest(r, batch, row, settings) + 1
    else:
        selected = _select(A, batch.generators[row], settings)  # (K,), class token first
    positions = [place for place in dict.fromkeys(selected.tolist()) if place > 0][:SHOWN]
    if not positions or side * side != len(tokens) - 1:
        return None
    return Regions(side, tuple(place - 1 for place in positions), tuple(float(A[0, place]) for place in positions))


def _select(A: Tensor, generator: Generator, settings: MacCapInference) -> Tensor:
    """``(K,)``: positions that the class token attends to, or random ones."""
    count, allowed = settings.regions, settings.allow_class_token
    if settings.region_source == "random-k":
        own = Generator().manual_seed(derive_seed(generator.initial_seed(), "regions"))  # noise stays the same
        return select_random(len(A), count, own, allow_class_token=allowed)
    if settings.region_source == "attention-threshold":
        return select_above(A[0], count, settings.region_threshold, allow_class_token=allowed)
    return select_top(A[0], count, allow_class_token=allowed)


def _select_nearest(r: Tensor, batch: ImageBatch, row: int, settings: MacCapInference) -> Tensor:
    """``(K,)``: the regions of P that are nearest to any of the image's own reference captions: an upper bound."""
    if batch.references is None:
        raise CaptionerError(
            "`inference.region_source` is caption-oracle, and no reference captions were given.",
            "An upper bound looks at the references, and its table row is marked.",
            "Run the captioner `maccap-oracle-regions` instead, which declares that it does.",
            captioner="maccap",
        )
    closeness = (r @ batch.references[row].T).amax(-1)  # (P,) over R references
    return select_top(closeness, settings.regions, allow_class_token=True)
