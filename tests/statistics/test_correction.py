import math

import numpy as np
import pytest

from zsbench.statistics import holm


def test_textbook_example():
    """Smallest times n, next times n - 1, and never below an earlier one."""
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])


def test_one_question_needs_no_correction():
    """A single p-value stays; none gives none."""
    assert holm([0.04]) == [0.04]
    assert holm([]) == []


def test_never_above_one():
    """Large p-values end at 1."""
    assert holm([0.9, 0.8]) == [1.0, 1.0]


def test_question_without_answer_does_not_count():
    """NaN stays NaN and makes no other p-value larger."""
    corrected = holm([0.02, math.nan, 0.03])
    assert corrected[0::2] == pytest.approx([0.04, 0.04])
    assert math.isnan(corrected[1])


def test_any_false_alarm_in_the_family_is_rare():
    """Of 2,000 families of ten true null hypotheses about 5 % have a corrected p-value below 0.05."""
    families = np.random.default_rng(0).random((2000, 10))
    alarms = sum(min(holm(list(family))) < 0.05 for family in families)
    assert 0.035 * 2000 <= alarms <= 0.065 * 2000
