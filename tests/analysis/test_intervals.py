"""Intervals over resampled images."""

from __future__ import annotations

import numpy as np
import pytest

from zsbench.analysis.intervals import estimate, estimate_mean


def test_the_interval_of_a_mean_is_that_of_the_normal_theory(rng):
    """1.96 standard errors to either side, for many images."""
    values = rng.normal(3.0, 2.0, size=900)
    found = estimate_mean(values)
    error = 1.96 * values.std() / 30
    assert found.value == pytest.approx(values.mean())
    assert found.low == pytest.approx(values.mean() - error, abs=0.15 * error)
    assert found.high == pytest.approx(values.mean() + error, abs=0.15 * error)


def test_equal_values_have_no_uncertainty():
    """Whatever is drawn."""
    found = estimate_mean(np.full(40, 0.25))
    assert (found.low, found.value, found.high) == (pytest.approx(0.25), pytest.approx(0.25), pytest.approx(0.25))


def test_a_ratio_of_sums_is_the_ratio_of_the_resampled_sums(rng):
    """Numerator and denominator of an image stay together."""
    weights = rng.uniform(1, 5, size=200)
    table = np.column_stack((2.0 * weights, weights))
    found = estimate(table, lambda m: m[:, 0] / m[:, 1])
    assert (found.low, found.high) == (pytest.approx(2.0), pytest.approx(2.0))
