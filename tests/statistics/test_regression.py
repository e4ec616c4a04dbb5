"""A simulated regression: 2 % of the captions of a system come from a worse one. Found how often, and feared how often?"""

from __future__ import annotations

import random

import numpy as np
import pytest

from zsbench.metrics.cider import CiderD
from zsbench.statistics import Pair, paired_differences, randomization_tests

IMAGES, SAMPLE, SHARE, TRIALS = 2000, 500, 0.02, 200
SLOTS = [[f"{kind}{number}" for number in range(40)] for kind in ("colour", "animal", "verb", "place")]
LEVEL = 0.05


def say(rng, truth, right):
    """A caption whose words are right with a probability each."""
    colour, animal, verb, place = (
        word if rng.random() < right else rng.choice(words) for word, words in zip(truth, SLOTS, strict=True)
    )
    return f"a {colour} {animal} is {verb} in the {place}"


@pytest.fixture(scope="module")
def systems():
    """CIDEr-D of each image under a good system, another as good, and a worse one."""
    rng = random.Random(1)
    truths = {str(n): [rng.choice(words) for words in SLOTS] for n in range(IMAGES)}
    references = {id_: [say(rng, truth, 0.8) for _ in range(5)] for id_, truth in truths.items()}
    metric = CiderD()
    prepared = metric.prepare(references)
    said = {name: {id_: say(rng, t, right) for id_, t in truths.items()} for name, right in SYSTEMS.items()}
    return {name: metric.statistics(predictions, prepared) for name, predictions in said.items()}


SYSTEMS = {"good": 0.75, "as good": 0.75, "worse": 0.2}


def count_alarms(systems, other):
    """In how many trials both tests call the system worse, one-sided at 5 %, after 2 % of captions were replaced."""
    rng = np.random.default_rng(2)
    alarms = 0
    for trial in range(TRIALS):
        rows = rng.choice(IMAGES, size=SAMPLE, replace=False)
        changed = systems["good"][rows].copy()
        places = rng.choice(SAMPLE, size=int(SHARE * SAMPLE), replace=False)
        changed[places] = systems[other][rows[places]]
        pair = Pair(CiderD(), (changed,), (systems["good"][rows],))
        (found,) = paired_differences([pair], resamples=1000, seed=trial)
        (p_value,) = randomization_tests([pair], resamples=1000, seed=trial)
        alarms += found.difference < 0 and max(found.p_value, p_value) / 2 < LEVEL
    return alarms


def test_worse_captions_among_good_ones_are_found(systems):
    """At least 75 % of 200 regressions of ten captions in 500."""
    assert count_alarms(systems, "worse") >= 0.75 * TRIALS


def test_other_captions_that_are_as_good_raise_no_alarm(systems):
    """At most 6 % of 200 trials in which nothing got worse."""
    assert count_alarms(systems, "as good") <= 0.06 * TRIALS


def test_unpaired_error_would_hide_the_regression(systems):
    """The standard error of the difference of two independent samples is twice the drop that pairing finds."""
    error = float(systems["good"].std()) * (2 / SAMPLE) ** 0.5
    drop = SHARE * float(np.mean(systems["good"] - systems["worse"]))
    assert error > 1.9 * drop
