"""Finding 1: is the difference of paired text and image features a zero-mean Gaussian?

Shapes: I images, N pairs of a caption and its image, D joint width; d = t - v.

With thousands of pairs every test is significant, so every question is answered by the size of an effect; p-values
stand beside it. Captions of one image are not independent: tests see one mean difference an image, and intervals
resample images.

[1] Qiu, Ning and He, AAAI 2024, arXiv 2401.02347: the difference is modelled as a zero-mean Gaussian.
[2] Liang et al. 2022, arXiv 2203.02053: the centroids of the modalities lie apart; each modality lies in a cone.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from zsbench.analysis.intervals import Estimate, estimate, estimate_mean
from zsbench.analysis.pairs import Pairs
from zsbench.statistics import holm

__all__ = ["Difference", "Moments", "analyse_difference"]

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Moments:
    """The first four moments of numbers, and how far they are from a normal distribution of the same two.

    Attributes:
        mean: First moment.
        variance: Second.
        skew: 0 for a normal distribution.
        excess_kurtosis: 0 for a normal distribution.
        distance: Kolmogorov's: the largest difference of the distribution functions, between 0 and 1.
    """

    mean: float
    variance: float
    skew: float
    excess_kurtosis: float
    distance: float


@dataclass(frozen=True)
class Difference:
    """What is found of d.

    Attributes:
        pooled: Moments of all N x D numbers.
        dimensions: Moments of each dimension.
        effects: ``(D,)`` mean over standard deviation of each dimension: Cohen's d of "the mean is zero".
        mean_p_values: ``(D,)`` t-tests of a zero mean over images, corrected by Holm.
        normal_p_values: ``(D,)`` D'Agostino and Pearson's test of normality over images, corrected by Holm.
        constant_share: Share of E|d|^2 that is the constant |E d|^2: 0 for a zero mean.
        centroid_distance: |E t - E v|, over captions and images.
        paired_cosine: Mean cosine of a caption and its image.
        unpaired_cosine: Mean cosine of captions and images that do not belong together.
        text_cone: Mean cosine of two captions of different rows: 0 for features all around.
        image_cone: The same of two images.
        noise_variance: tr Cov(d) / D, the variance a dimension of the noise that the paper's model would add.
        noise_variance_with_mean: E|d|^2 / D, of noise that has to stand for the constant too.
        isotropy: tr(S)^2 / (D tr(S^2)) of S = Cov(d): 1 if every direction varies alike, 1 / D if one does.
    """

    pooled: Moments
    dimensions: tuple[Moments, ...]
    effects: Array
    mean_p_values: Array
    normal_p_values: Array
    constant_share: Estimate
    centroid_distance: Estimate
    paired_cosine: Estimate
    unpaired_cosine: float
    text_cone: float
    image_cone: float
    noise_variance: Estimate
    noise_variance_with_mean: Estimate
    isotropy: float


def analyse_difference(pairs: Pairs) -> Difference:
    """Everything about d = t - v over the pairs of a split."""
    from scipy import stats

    images = pairs.images
    d = pairs.captions - images[pairs.owner]  # (N, D)
    counts = np.bincount(pairs.owner).astype(np.float64)  # (I,)
    sums = _sum_by_image(d, pairs.owner, len(images))  # (I, D)
    means = sums / counts[:, None]  # (I, D): one difference an image, for the tests
    squared = np.bincount(pairs.owner, (d * d).sum(1))  # (I,)
    table = np.column_stack((counts, squared, sums)).astype(np.float64)
    S = np.cov(d.T, bias=True)
    return Difference(
        pooled=_moments(d.ravel()),
        dimensions=tuple(_moments(column) for column in d.T),
        effects=d.mean(0) / d.std(0),
        mean_p_values=np.array(holm(list(stats.ttest_1samp(means, 0.0).pvalue))),
        normal_p_values=np.array(holm(list(stats.normaltest(means).pvalue))),
        constant_share=estimate(table, lambda m: _mean_square(m) / (m[:, 1] / m[:, 0])),
        centroid_distance=estimate(table, lambda m: np.sqrt(_mean_square(m))),
        paired_cosine=estimate_mean(_paired(pairs, images, counts)),
        unpaired_cosine=_unpaired(pairs, images, counts),
        text_cone=_cone(pairs.captions),
        image_cone=_cone(images),
        noise_variance=estimate(table, lambda m: (m[:, 1] / m[:, 0] - _mean_square(m)) / d.shape[1]),
        noise_variance_with_mean=estimate(table, lambda m: m[:, 1] / m[:, 0] / d.shape[1]),
        isotropy=float(np.trace(S) ** 2 / (len(S) * (S * S).sum())),
    )


def _mean_square(m: Array) -> Array:
    """|E d|^2 for rows of mean counts, squares and sums."""
    mean: Array = np.square(m[:, 2:] / m[:, :1]).sum(1)
    return mean


def _moments(values: Array) -> Moments:
    """The moments of a set of numbers."""
    from scipy import stats

    mean, deviation = float(values.mean()), float(values.std())
    z = np.sort((values - mean) / deviation)
    normal, steps = stats.norm.cdf(z), np.arange(len(z) + 1) / len(z)
    distance = float(max(np.abs(normal - steps[1:]).max(), np.abs(normal - steps[:-1]).max()))
    return Moments(mean, deviation**2, float((z**3).mean()), float((z**4).mean() - 3.0), distance)


def _sum_by_image(values: Array, owner: NDArray[np.int64], images: int) -> Array:
    """Sums of rows that belong to one image, ``(I, D)``."""
    sums = np.zeros((images, values.shape[1]))
    np.add.at(sums, owner, values)
    return sums


def _paired(pairs: Pairs, images: Array, counts: Array) -> Array:
    """The mean cosine of each image and its captions, ``(I,)``."""
    cosines = (pairs.captions * images[pairs.owner]).sum(1)
    found: Array = np.bincount(pairs.owner, cosines) / counts
    return found


def _unpaired(pairs: Pairs, images: Array, counts: Array) -> float:
    """The mean cosine over all pairs of a caption and another image."""
    total = float(pairs.captions.sum(0) @ images.sum(0)) - float((_paired(pairs, images, counts) * counts).sum())
    return total / (len(pairs.captions) * (len(images) - 1))


def _cone(features: Array) -> float:
    """The mean cosine of two different rows [2]."""
    n = len(features)
    return float((np.square(features.sum(0)).sum() - n) / (n * (n - 1)))
