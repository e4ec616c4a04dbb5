"""What a comparison could have found: the smallest difference it detects, and how many examples another one needs."""

from __future__ import annotations

import math
from statistics import NormalDist

__all__ = ["LEVEL", "POWER", "detectable_difference", "needed_examples"]

LEVEL = 0.05
"""Two-sided level of a test."""

POWER = 0.8
"""Share of true differences that a test is to find."""


def detectable_difference(standard_error: float, *, level: float = LEVEL, power: float = POWER) -> float:
    """The smallest true difference that a two-sided test finds with a probability of ``power``.

    Args:
        standard_error: Of the difference of the two systems.
        level: Of the test.
        power: Probability to find it.

    Source:
        Card et al. 2020, section 2, in the normal approximation.
    """
    normal = NormalDist()
    return (normal.inv_cdf(1 - level / 2) + normal.inv_cdf(power)) * standard_error


def needed_examples(
    count: int, standard_error: float, difference: float, *, level: float = LEVEL, power: float = POWER
) -> float:
    """How many examples find a difference, for standard errors fall with the root of their number.

    Args:
        count: How many examples gave the standard error.
        standard_error: Of the difference of the two systems.
        difference: The true difference that is to be found.
        level: Of the test.
        power: Probability to find it.

    Returns:
        A whole number, infinity for a difference of 0; NaN where one of the inputs is.
    """
    if math.isnan(standard_error) or math.isnan(difference):
        return math.nan
    if difference == 0:
        return math.inf
    ratio = detectable_difference(standard_error, level=level, power=power) / abs(difference)
    return float(math.ceil(count * ratio**2))
