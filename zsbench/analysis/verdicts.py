"""What an analysis says of the paper's two findings, in plain sentences, whether they hold or not."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from zsbench.analysis.closeness import Closeness
from zsbench.analysis.difference import Difference

__all__ = ["Verdict", "judge"]

SMALL_EFFECT = 0.2
"""Cohen's bound: below it an effect is not even small."""
SMALL_SHARE = 0.05
MOST = 0.95
SKEW, KURTOSIS, DISTANCE = 0.5, 1.0, 0.05
"""Bounds for a dimension that looks normal."""
NEARLY_ISOTROPIC = 0.9
LEVEL = 0.05


@dataclass(frozen=True)
class Verdict:
    """One claim and what was found.

    Attributes:
        claim: What the paper says, or its model assumes.
        holds: Whether it does for this encoder and split.
        rule: When it is said to hold.
        found: The numbers behind it.
    """

    claim: str
    holds: bool
    rule: str
    found: str

    @property
    def sentence(self) -> str:
        """Claim, outcome and numbers."""
        return f"{self.claim}: {'holds' if self.holds else 'DOES NOT HOLD'}. {self.found}"


def judge(difference: Difference, closeness: Closeness | None) -> list[Verdict]:
    """A verdict for each claim that could be tested."""
    verdicts = [_zero_mean(difference), _gaussian(difference), _isotropic(difference)]
    return verdicts if closeness is None else [*verdicts, _closer(closeness), _retrieves(closeness)]


def _zero_mean(found: Difference) -> Verdict:
    """Finding 1, first half."""
    large = int((np.abs(found.effects) >= SMALL_EFFECT).sum())
    significant = int((found.mean_p_values < LEVEL).sum())
    count, share = len(found.effects), found.constant_share
    return Verdict(
        "The difference of paired features has zero mean",
        share.high < SMALL_SHARE and large <= (1 - MOST) * count,
        f"the constant is under {SMALL_SHARE:.0%} of E|d|^2, and |effect| < {SMALL_EFFECT} in {MOST:.0%} of dimensions",
        f"The constant part is {share.value:.1%} [{share.low:.1%}, {share.high:.1%}] of E|d|^2; |mean / deviation| is "
        f"{SMALL_EFFECT} or more in {large} of {count} dimensions (t-test after Holm: {significant}).",
    )


def _gaussian(found: Difference) -> Verdict:
    """Finding 1, second half."""
    odd = sum(
        abs(m.skew) >= SKEW or abs(m.excess_kurtosis) >= KURTOSIS or m.distance >= DISTANCE for m in found.dimensions
    )
    count, significant = len(found.dimensions), int((found.normal_p_values < LEVEL).sum())
    return Verdict(
        "The difference is Gaussian in each dimension",
        odd <= (1 - MOST) * count,
        f"|skew| < {SKEW}, |excess kurtosis| < {KURTOSIS} and Kolmogorov distance < {DISTANCE} in {MOST:.0%} of "
        "dimensions",
        f"{odd} of {count} dimensions are beyond a bound (normality rejected after Holm: {significant}); pooled, skew "
        f"{found.pooled.skew:.2f}, excess kurtosis {found.pooled.excess_kurtosis:.2f}.",
    )


def _isotropic(found: Difference) -> Verdict:
    """What one noise variance for all dimensions takes for granted."""
    return Verdict(
        "One variance serves every direction",
        found.isotropy >= NEARLY_ISOTROPIC,
        f"tr(S)^2 / (D tr(S^2)) of the covariance is {NEARLY_ISOTROPIC} or more",
        f"It is {found.isotropy:.2f}; the mean variance a dimension is {found.noise_variance}.",
    )


def _closer(found: Closeness) -> Verdict:
    """Finding 2."""
    best = next(view for view in found.views if view.name == "region-best")
    gain = found.gain
    return Verdict(
        "Sub-regions can be closer to the captions than the global feature, beyond chance",
        best.closer.low > best.other_closer.high and gain.low > 0,
        "some region is closer for more images than with captions of another image, and gains more cosine",
        f"For {best.closer.value:.1%} [{best.closer.low:.1%}, {best.closer.high:.1%}] of images some region is closer; "
        f"with captions of another image for {best.other_closer.value:.1%} (the best of several is closer by chance). "
        f"Own captions gain {gain} more.",
    )


def _retrieves(found: Closeness) -> Verdict:
    """Whether the paper's fusion tells images apart better than the global feature."""
    views = {view.name: view.caption_of_image[0] for view in found.views}
    fused, plain = views["fused-mean"], views["global"]
    return Verdict(
        "Fused features retrieve captions at least as well as the global feature",
        fused.high >= plain.value,
        "the interval of the fused features' R@1 reaches the global feature's",
        f"R@1 of captions: fused {fused.value:.1%} [{fused.low:.1%}, {fused.high:.1%}], global {plain.value:.1%} "
        f"[{plain.low:.1%}, {plain.high:.1%}].",
    )
