"""Finding 1 on differences whose distribution is known."""

from __future__ import annotations

import numpy as np
import pytest

from zsbench.analysis.difference import analyse_difference
from zsbench.analysis.verdicts import judge


@pytest.fixture
def gaussian(rng, build):
    """Differences from N(mean, 0.01 I); features need no unit norm for the arithmetic."""

    def _build(mean, *, noise=None, images=800):
        pooled = rng.normal(size=(images, 6))
        d = 0.1 * rng.normal(size=(images, 6)) if noise is None else noise(images)
        return build(pooled.astype(np.float32).astype(float) + mean + d, pooled, np.arange(images))

    return _build


def verdict(pairs, start):
    return next(one for one in judge(analyse_difference(pairs), None) if one.claim.startswith(start))


def test_the_moments_are_those_of_all_numbers(pairs):
    """Mean, variance, skew and kurtosis against scipy."""
    from scipy import stats

    d = pairs.captions - pairs.images[pairs.owner]
    found = analyse_difference(pairs)
    assert found.pooled.mean == pytest.approx(d.mean())
    assert found.pooled.variance == pytest.approx(d.var())
    assert found.pooled.skew == pytest.approx(stats.skew(d.ravel()))
    assert found.pooled.excess_kurtosis == pytest.approx(stats.kurtosis(d.ravel()))
    expected = stats.kstest((d.ravel() - d.mean()) / d.std(), "norm").statistic
    assert found.pooled.distance == pytest.approx(expected)
    assert np.allclose(found.effects, d.mean(0) / d.std(0))


def test_distances_and_cosines_are_those_of_their_definitions(pairs):
    """Centroids, paired and unpaired cosines, cones, noise variance: written out with every pair."""
    t, v, owner = pairs.captions, pairs.images, pairs.owner
    found, d, cosines = analyse_difference(pairs), t - v[owner], t @ v.T
    mine = owner[:, None] == np.arange(len(v))
    assert found.centroid_distance.value == pytest.approx(np.linalg.norm(t.mean(0) - v[owner].mean(0)))
    assert found.paired_cosine.value == pytest.approx(cosines[mine].mean())
    assert found.unpaired_cosine == pytest.approx(cosines[~mine].mean())
    assert found.text_cone == pytest.approx((t @ t.T)[~np.eye(len(t), dtype=bool)].mean())
    assert found.image_cone == pytest.approx((v @ v.T)[~np.eye(len(v), dtype=bool)].mean(), abs=1e-6)
    assert found.noise_variance.value == pytest.approx(d.var(0).mean())
    assert found.noise_variance_with_mean.value == pytest.approx((d**2).mean())
    assert found.constant_share.value == pytest.approx((d.mean(0) ** 2).sum() / (d**2).sum(1).mean())


def test_the_variance_of_the_noise_is_found_within_its_interval(gaussian):
    """0.01 in each dimension."""
    found = analyse_difference(gaussian(0.0)).noise_variance
    assert found.low < 0.01 < found.high
    assert found.high - found.low < 0.002


def test_a_zero_mean_gaussian_passes_every_claim(gaussian):
    """The paper's model is recognised where it is true."""
    pairs = gaussian(0.0)
    assert all(verdict(pairs, claim).holds for claim in ("The difference of", "The difference is", "One variance"))


def test_a_constant_gap_is_no_zero_mean_and_still_gaussian(gaussian):
    """Each claim is judged on its own, and the sentence says so plainly."""
    pairs = gaussian(0.1)
    assert not verdict(pairs, "The difference of").holds
    assert "DOES NOT HOLD" in verdict(pairs, "The difference of").sentence
    assert verdict(pairs, "The difference is").holds


def test_a_tiny_offset_of_many_pairs_is_significant_and_no_effect(gaussian):
    """p-values alone would refuse it."""
    pairs = gaussian(0.01, images=4_000)
    assert int((analyse_difference(pairs).mean_p_values < 0.05).sum()) == 6
    assert verdict(pairs, "The difference of").holds


def test_heavy_tails_are_no_gaussian(gaussian, rng):
    """Exponential differences, centred."""
    pairs = gaussian(0.0, noise=lambda n: 0.1 * (rng.exponential(size=(n, 6)) - 1.0))
    assert not verdict(pairs, "The difference is").holds


def test_one_long_direction_is_not_isotropic(gaussian, rng):
    """Ten times the deviation in one of six dimensions."""
    pairs = gaussian(0.0, noise=lambda n: rng.normal(size=(n, 6)) * np.array([1.0, 0.1, 0.1, 0.1, 0.1, 0.1]))
    assert not verdict(pairs, "One variance").holds
