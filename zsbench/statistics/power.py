"""What a comparison could have found: the smallest difference it detects, and how many examples another one needs."""

from __future__ import annotations

import math
from statistics import NormalDist

__all__ = ["LEVEL", "POWER", "detectable_difference", "needed_examples"]

LEVEL = 0.05
"""Two-sided level of a test."""

POWER = 0.8
"""Share of true differences that a test is to find."""


def detectable_difference(
    standard_error: float, *, level: float = LEVEL, power: float = POWER, one_sided: bool = False
) -> float:
    """The smallest true difference that a test finds with a probability of ``power``.

    Args:
        standard_error: Of the difference of the two systems.
        level: Of the test; under Holm's correction that of the whole family divided by its size is the careful choice.
        power: Probability to find it.
        one_sided: Whether the test looks for a drop alone.

    Source:
        Card et al. 2020, section 2, in the normal approximation.
    """
    normal = NormalDist()
    return (normal.inv_cdf(1 - level / (1 if one_sided else 2)) + normal.inv_cdf(power)) * standard_error


def needed_examples(count: int, detectable: float, difference: float) -> float:
    """How many examples find a difference, for standard errors fall with the root of their number.

    Args:
        count: How many examples find a difference of ``detectable``.
        detectable: That difference.
        difference: The true difference that is to be found.

    Returns:
        A whole number, infinity for a difference of 0; NaN where one of the inputs is.
    """
    if math.isnan(detectable) or math.isnan(difference):
        return math.nan
    return float(math.ceil(count * (detectable / difference) ** 2)) if difference else math.inf
