import math

import numpy as np
import pytest

from zsbench.statistics import detectable_difference, needed_examples


def test_detectable_difference_is_the_textbook_one():
    """1.96 and 0.84 standard errors for a level of 5 % and a power of 80 %."""
    assert detectable_difference(1.0) == pytest.approx(1.959964 + 0.841621, abs=1e-5)
    assert detectable_difference(2.0, level=0.01, power=0.9) == pytest.approx(2 * (2.575829 + 1.281552), abs=1e-5)


def test_detectable_difference_is_found_as_often_as_promised():
    """Of 4,000 samples with this true difference 80 % are significant."""
    rng = np.random.default_rng(0)
    measured = rng.normal(loc=detectable_difference(1.0), size=4000)
    assert np.mean(np.abs(measured) > 1.959964) == pytest.approx(0.8, abs=0.02)


def test_a_drop_alone_is_found_sooner_than_a_difference():
    """Eighty of a hundred samples, by simulation."""
    detectable = detectable_difference(0.1, one_sided=True)
    assert detectable == pytest.approx(0.2486, abs=1e-3)
    draws = np.random.default_rng(4).normal(-detectable, 0.1, 20_000)
    assert np.mean(draws < -1.645 * 0.1) == pytest.approx(0.8, abs=0.01)


def test_needed_examples_shrink_the_error_to_size():
    """Half of the detectable difference needs four times the examples; nothing finds no difference at all."""
    detectable = detectable_difference(0.1)
    assert needed_examples(500, detectable, detectable) == 500
    assert needed_examples(500, detectable, -detectable / 2) == 2000
    assert needed_examples(500, 0.1, 0.0) == math.inf
    assert math.isnan(needed_examples(500, math.nan, 0.1))
