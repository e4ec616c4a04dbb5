"""Finding 2: are sub-regions of an image closer to its captions than the global feature is?

Shapes: I images, N captions, P patches, K selected sub-regions, D joint width.

The best of several is closer than one by chance alone. So every "best" stands beside the same best for captions of
another image: what is left of the difference is what sub-regions know.

[1] Qiu, Ning and He, AAAI 2024, arXiv 2401.02347: sub-region features and their closeness to captions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from zsbench.analysis.intervals import Estimate, estimate_mean
from zsbench.analysis.pairs import Pairs
from zsbench.encoders.regions import AttentionWeights, aggregate_regions, read_tokens, select_top
from zsbench.interfaces import Frozen, ImageFeatures

__all__ = ["VIEWS", "Closeness", "RegionSettings", "View", "analyse_closeness"]

Array = NDArray[np.float64]
Scores = NDArray[np.float32]
VIEWS: Mapping[str, str] = {
    "global": "the global feature v",
    "region-mean": "the mean over the K selected sub-regions r",
    "region-best": "the closest of the K selected sub-regions",
    "patch-best": "the closest of all P patches",
    "fused-mean": "the mean over the K fused features v + w r, each normalised",
    "fused-best": "the closest of the K fused features",
}
"""How an image is compared with a caption."""
RANKS = (1, 5, 10)


class RegionSettings(Frozen):
    """Which sub-regions, and how they are fused; the paper's [1]."""

    regions: int = Field(default=10, ge=1, description="K, positions under the class token's strongest attention")
    allow_class_token: bool = Field(default=False, description="whether the class token may be selected")
    attention_weights: AttentionWeights = Field(default="softmax-of-row", description="row, or softmax-of-row")
    region_weight: float = Field(default=1.0, description="w of v + w r")


@dataclass(frozen=True)
class View:
    """One way to compare images with captions.

    Attributes:
        name: Key of ``VIEWS``.
        cosine: Mean cosine to the image's own captions.
        other_cosine: Mean cosine to the captions of another image.
        closer: Share of images whose mean cosine to their captions is larger than the global feature's.
        other_closer: The same for captions of another image: what chance gives.
        caption_of_image: Share of images with a caption of theirs among the first 1, 5, 10 of all captions.
        image_of_caption: Share of an image's captions that have their image among the first 1, 5, 10 of all images.
    """

    name: str
    cosine: Estimate
    other_cosine: Estimate
    closer: Estimate
    other_closer: Estimate
    caption_of_image: tuple[Estimate, ...]
    image_of_caption: tuple[Estimate, ...]


@dataclass(frozen=True)
class Closeness:
    """Every view of a split.

    Attributes:
        settings: Of the sub-regions.
        views: In the order of ``VIEWS``.
        gain: Mean of (closest region - global), own captions less another image's: what regions know.
    """

    settings: RegionSettings
    views: tuple[View, ...]
    gain: Estimate


@dataclass
class _Tally:
    """What is counted of one view while images pass by."""

    own: Array  # (I,) mean cosine to own captions
    other: Array  # (I,) to the next image's captions
    best_rank: Array  # (I,) captions before the first own one
    before: Array  # (N,) images before a caption's own

    @classmethod
    def empty(cls, images: int, captions: int) -> _Tally:
        """Nothing counted yet."""
        return cls(np.zeros(images), np.zeros(images), np.zeros(images), np.zeros(captions))


def analyse_closeness(pairs: Pairs, settings: RegionSettings) -> Closeness | None:
    """Every view of every image; None for an encoder without patch tokens and attention."""
    first = pairs.features(0)
    if first.patches is None or first.attention is None or first.class_token is None:
        return None
    captions = pairs.captions.astype(np.float32)
    threshold = _own_scores(pairs, captions, settings)
    tallies = {name: _Tally.empty(len(pairs.ids), len(captions)) for name in VIEWS}
    for index, features in enumerate(pairs.iter_features()):
        for name, scores in _scores(features, captions, settings).items():
            _count(tallies[name], scores, index, pairs.owner, threshold[name])
    views = tuple(_view(name, tallies[name], tallies["global"], pairs) for name in VIEWS)
    best, plain = tallies["region-best"], tallies["global"]
    gain = estimate_mean((best.own - plain.own) - (best.other - plain.other))
    return Closeness(settings, views, gain)


def _scores(features: ImageFeatures, captions: Scores, settings: RegionSettings) -> dict[str, Scores]:
    """The cosine of one image to each caption, ``(n,)`` by view."""
    tokens, A = read_tokens(features, 0)
    selected = select_top(A[0], settings.regions, allow_class_token=settings.allow_class_token)
    r = aggregate_regions(A[selected], tokens, settings.attention_weights).numpy()  # (K, D)
    v = features.pooled[0].numpy()
    f = v + settings.region_weight * r
    f /= np.linalg.norm(f, axis=1, keepdims=True)
    region, fused = captions @ r.T, captions @ f.T  # (n, K)
    return {
        "global": captions @ v,
        "region-mean": region.mean(1),
        "region-best": region.max(1),
        "patch-best": (captions @ tokens[1:].numpy().T).max(1),
        "fused-mean": fused.mean(1),
        "fused-best": fused.max(1),
    }


def _own_scores(pairs: Pairs, captions: Scores, settings: RegionSettings) -> dict[str, Scores]:
    """The cosine of each caption to its own image, ``(N,)`` by view."""
    found: dict[str, Scores] = {name: np.zeros(len(captions), np.float32) for name in VIEWS}
    for index, features in enumerate(pairs.iter_features()):
        mine = pairs.owner == index
        for name, scores in _scores(features, captions[mine], settings).items():
            found[name][mine] = scores
    return found


def _count(tally: _Tally, scores: Scores, index: int, owner: NDArray[np.int64], own: Scores) -> None:
    """Note what one image's scores to all captions say."""
    mine = owner == index
    tally.own[index] = own[mine].mean()
    tally.other[index] = scores[owner == (index + 1) % len(tally.own)].mean()
    tally.best_rank[index] = ((scores > own[mine].max()) & ~mine).sum()
    tally.before += (scores > own) & ~mine


def _view(name: str, tally: _Tally, plain: _Tally, pairs: Pairs) -> View:
    """What was counted, with intervals over images."""
    counts = np.bincount(pairs.owner).astype(np.float64)
    found: Callable[[int], Array] = lambda k: np.bincount(pairs.owner, tally.before < k) / counts  # noqa: E731
    return View(
        name=name,
        cosine=estimate_mean(tally.own),
        other_cosine=estimate_mean(tally.other),
        closer=estimate_mean((tally.own > plain.own).astype(np.float64)),
        other_closer=estimate_mean((tally.other > plain.other).astype(np.float64)),
        caption_of_image=tuple(estimate_mean((tally.best_rank < k).astype(np.float64)) for k in RANKS),
        image_of_caption=tuple(estimate_mean(found(k)) for k in RANKS),
    )
