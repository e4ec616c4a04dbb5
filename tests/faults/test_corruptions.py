"""Entries of the store that were damaged: found, and made again."""

from __future__ import annotations

import os
import random

import pytest

import zsbench_faults as faults

CORRUPTIONS = int(os.environ.get("ZSBENCH_CORRUPTIONS", "20"))
pytestmark = pytest.mark.slow


def test_a_corrupt_entry_is_found_and_made_again(calm, tmp_path, count):
    """A flipped byte, a cut or a missing file, in an entry of any kind that the run needs."""
    place = calm.place.copy(tmp_path, "corrupt")
    rng = random.Random(2)
    lost = []
    for _ in range(CORRUPTIONS):
        entry = rng.choice(sorted(place.store.glob("*/*/entry.json"))).parent
        faults.discard_dependents(place.store, entry.name, calm.place.inputs())
        damaged = rng.choice(sorted(path for path in entry.iterdir()))
        faults.damage(rng, damaged)
        code, said = calm.finish(place)
        survived = "Corrupt store entry, rebuilt" in said and place.samples() == calm.place.samples()
        count("corruptions", survived and code == 0)
        lost += [] if survived and code == 0 else [(damaged, code, said)]
    assert not lost
