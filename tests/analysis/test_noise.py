"""Amounts of noise from captions alone, and what choosing by them costs."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from zsbench.analysis.difference import analyse_difference
from zsbench.analysis.intervals import Estimate
from zsbench.analysis.noise import NoiseEstimate, compare_with_sweep, estimate_noise
from zsbench.errors import ScoringError
from zsbench.tables.sweeps import Curve, Point


def test_estimates_are_those_of_their_formulas(pairs):
    """Written out over every two captions of an image."""
    largest, squared = [], []
    for row in range(len(pairs.ids)):
        mine = pairs.captions[pairs.owner == row]
        both = [a - b for a, b in itertools.combinations(mine, 2)]
        largest.append(np.mean([np.abs(d).max() for d in both]))
        squared.append(np.mean([(d**2).sum() for d in both]))
    found = {one.name: one for one in estimate_noise(pairs, analyse_difference(pairs))}
    assert found["captions-largest"].variance.value == pytest.approx(np.mean(largest) ** 2)
    assert found["captions-mean"].variance.value == pytest.approx(np.mean(squared) / pairs.captions.shape[1])
    assert [one.name for one in found.values() if one.text_only] == ["captions-largest", "captions-mean"]


def test_images_with_one_caption_each_tell_nothing(rng, unit_rows, build):
    """The message says what is wanted."""
    rows = unit_rows(rng.normal(size=(5, 4)))
    pairs = build(rows, rows, np.arange(5))
    with pytest.raises(ScoringError, match="two captions"):
        estimate_noise(pairs, analyse_difference(pairs))


def test_a_choice_is_the_nearest_swept_value_beside_the_best():
    """Nearest in ratio: 0.03 is nearer to 0.064 than to 0.004."""
    points = tuple(Point(value, score, score - 1, score + 1) for value, score in ((0.0, 5), (0.004, 30), (0.064, 20)))
    curve = Curve("task", "CIDEr", "noise_variance", "maccap", points)
    wanted = NoiseEstimate("texts", Estimate(0.03, 0.02, 0.04), "", "", text_only=True)
    (choice,) = compare_with_sweep([wanted], curve)
    assert (choice.swept, choice.point.score, choice.best.value) == (0.064, 20, 0.004)
