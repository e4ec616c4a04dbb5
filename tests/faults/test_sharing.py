"""Two runs on one store, and a prune while a run goes on."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest

import zsbench_faults as faults

pytestmark = pytest.mark.slow


def test_two_runs_at_once_share_a_store(calm, tmp_path):
    """Both end well, with the same bytes."""
    places = [faults.Place(tmp_path / "cache", tmp_path / f"results-{number}") for number in range(2)]
    for process in [calm.start(place) for place in places]:
        code, said = faults.end(process)
        assert code == 0, said
    assert [place.samples() == calm.place.samples() for place in places] == [True, True]


def test_a_prune_takes_nothing_from_a_run_in_progress(calm, tmp_path):
    """Everything that may go is asked to go, many times, while the run goes on."""
    place = faults.Place.under(tmp_path, "pruned")
    process = calm.start(place)
    prune = [sys.executable, "-m", "zsbench", "cache", "prune", "--max-size", "0", "--cache", str(place.cache)]
    while process.poll() is None and not list(place.store.glob("runs/held-*.json")):
        time.sleep(0.1)
    rounds = 0
    while process.poll() is None and list(place.store.glob("runs/held-*.json")):
        done = subprocess.run(prune, capture_output=True, text=True, check=True)
        rounds += 1
        assert done.stdout.startswith("0 entries") or not list(place.store.glob("runs/held-*.json")), done.stdout
    code, said = faults.end(process)
    assert (code, rounds > 0) == (0, True), said
    assert place.samples() == calm.place.samples()
