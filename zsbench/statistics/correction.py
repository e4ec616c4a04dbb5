"""Corrections for having asked many questions at once."""

from __future__ import annotations

import math
from collections.abc import Sequence

__all__ = ["holm"]


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm's step-down p-values, in the order given: each may be compared with the level of the whole family.

    Args:
        p_values: Of all questions of the family; NaN counts as not asked and stays NaN.

    Source:
        Holm 1979, section 3.
    """
    adjusted = [math.nan] * len(p_values)
    asked = [index for index, p_value in enumerate(p_values) if not math.isnan(p_value)]
    highest = 0.0
    for rank, index in enumerate(sorted(asked, key=lambda i: p_values[i])):
        highest = max(highest, min(1.0, (len(asked) - rank) * p_values[index]))
        adjusted[index] = highest
    return adjusted
