"""Kills, corruption, two runs at once: the same bytes as undisturbed.

``ZSBENCH_KILLS`` and ``ZSBENCH_CORRUPTIONS`` ask for other numbers than 50 and 20.
"""

from __future__ import annotations

import os
import random
import shutil
import sys

import pytest

import zsbench_faults as faults

KILLS = int(os.environ.get("ZSBENCH_KILLS", "50"))
CORRUPTIONS = int(os.environ.get("ZSBENCH_CORRUPTIONS", "20"))
KILLS_A_RUN = 10
ALONE_SHARE = 0.2
pytestmark = pytest.mark.slow


def tell(capsys, text):
    """Print a line past the capture."""
    with capsys.disabled():
        sys.stdout.write(f"\n{text}\n")


def test_a_run_that_is_killed_ends_with_the_same_bytes(undisturbed, tmp_path, capsys):
    """Killed at random moments, with its workers or without them, until it gets through; again from an empty store."""
    calm, seconds = undisturbed
    rng = random.Random(1)
    kills = same = attempt = 0
    while kills < KILLS:
        place, killed = faults.Place.under(tmp_path, attempt), 0
        attempt += 1
        while killed < min(KILLS_A_RUN, KILLS - kills):
            moment, group = rng.uniform(0.5, 0.6 * seconds), rng.random() > ALONE_SHARE
            if not faults.kill_after(faults.start(place), moment, group=group):
                break
            killed += 1
        code, said = faults.finish(place)
        assert code == 0, said
        kills += killed
        same += killed * (place.samples() == calm.samples())
        shutil.rmtree(place.cache)
    tell(capsys, f"{same}/{kills} kills resumed to the same bytes")
    assert same == kills


def test_a_corrupt_entry_is_found_and_made_again(undisturbed, tmp_path, capsys):
    """A flipped byte, a cut or a missing file, in an entry of any kind that the run needs."""
    calm, _ = undisturbed
    place = calm.copy(tmp_path, "corrupt")
    rng = random.Random(2)
    rebuilt = 0
    for _ in range(CORRUPTIONS):
        store = place.cache / "store"
        entry = rng.choice(sorted(store.glob("*/*/entry.json"))).parent
        faults.discard_dependents(store, entry.name, calm.inputs())
        faults.damage(rng, rng.choice(sorted(path for path in entry.iterdir() if path.name != "entry.json")))
        code, said = faults.finish(place)
        assert code == 0, said
        rebuilt += "Corrupt store entry, rebuilt" in said and place.samples() == calm.samples()
    tell(capsys, f"{rebuilt}/{CORRUPTIONS} corruptions found and rebuilt")
    assert rebuilt == CORRUPTIONS


def test_two_runs_at_once_share_a_store(undisturbed, tmp_path):
    """Both end well, with the same bytes."""
    calm, _ = undisturbed
    places = [faults.Place(tmp_path / "cache", tmp_path / f"results-{number}") for number in range(2)]
    processes = [faults.start(place) for place in places]
    for process in processes:
        said = process.communicate(timeout=faults.TIME_LIMIT)[1]
        assert process.returncode == 0, said
    assert [place.samples() == calm.samples() for place in places] == [True, True]
