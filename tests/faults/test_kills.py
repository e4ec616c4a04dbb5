"""Kills at random moments: the same bytes as undisturbed."""

from __future__ import annotations

import os
import random
import shutil

import pytest

import zsbench_faults as faults

KILLS = int(os.environ.get("ZSBENCH_KILLS", "50"))
KILLS_A_RUN = 8
EMPTY_SHARE, ALONE_SHARE = 0.4, 0.2
EARLIEST, LATEST = 0.02, 0.5
"""Moments of kills, in times of an undisturbed run from an empty cache; what was finished brings the next one further."""
pytestmark = pytest.mark.slow


def begin(rng, calm, folder, attempt):
    """A place to run in: an empty cache, or what is left of a finished one when some entries are gone."""
    if rng.random() < EMPTY_SHARE:
        return faults.Place.under(folder, attempt)
    place = calm.place.copy(folder, attempt)
    faults.discard_some(rng, place.store, calm.place.inputs())
    return place


def kill_once(rng, calm, place):
    """Start a run and kill it at a random moment, mostly with its workers; None if it got through before.

    Returns:
        Whether nothing that it had started went on.
    """
    process = calm.start(place)
    group = rng.random() > ALONE_SHARE
    if not faults.kill_after(process, calm.seconds * rng.uniform(EARLIEST, LATEST), group=group):
        return None
    return faults.is_gone(process.pid)


def test_a_run_that_is_killed_ends_with_the_same_bytes(calm, tmp_path, count):
    """In planning, training, captioning or scoring, again and again, until it gets through; nothing is left running."""
    rng = random.Random(1)
    kills = attempt = 0
    lost = []
    while kills < KILLS:
        place, gone = begin(rng, calm, tmp_path, attempt), []
        while len(gone) < min(KILLS_A_RUN, KILLS - kills) and (ended := kill_once(rng, calm, place)) is not None:
            gone.append(ended)
        code, said = calm.finish(place)
        same = code == 0 and place.samples() == calm.place.samples()
        for ended in gone:
            count("kills", ended and same)
        lost += [] if same and all(gone) else [(attempt, code, gone, said)]
        kills, attempt = kills + len(gone), attempt + 1
        shutil.rmtree(place.cache)
    assert not lost
