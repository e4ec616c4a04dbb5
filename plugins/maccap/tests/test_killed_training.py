"""A training whose process is killed, for real and at random moments, ends with the bytes of an undisturbed one."""

from __future__ import annotations

import dataclasses
import multiprocessing
import os
import random
import signal
import time
from pathlib import Path

import pytest
import torch

from zsbench.stages.journal import MANIFEST, StoredJournal
from zsbench_maccap.captioner import MacCap

pytestmark = [
    pytest.mark.skipif("fork" not in multiprocessing.get_all_start_methods(), reason="this system does not fork"),
    pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning"),
]
STEPS, DOOMED_AT = 40, 36
SETTINGS = {"dropout": 0.2, "steps": STEPS, "batch_size": 3}


@pytest.fixture(autouse=True)
def _one_thread():
    """A forked process would wait for ever for the threads that its parent computed with; bytes are those of one."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def train(world, place: Path, *, doomed: bool) -> None:
    """Train with a journal and save; a doomed training waits for its kill before its end, while its parent lives."""
    parent = os.getppid()

    def wait(done: int, total: int) -> None:
        while doomed and done >= DOOMED_AT and os.getppid() == parent:
            time.sleep(0.01)

    captioner = MacCap(world.config(SETTINGS))
    journal = StoredJournal(place / "journal", 0.0, lambda text: None)
    captioner.load(dataclasses.replace(world.resources(training=0.1), journal=journal))
    captioner.train(world.corpus(), torch.Generator().manual_seed(5), progress=wait)
    captioner.save(place / "saved")


def kill_one(world, place: Path, moment: random.Random) -> int:
    """Train in a process of its own and kill it some time after its first state; how it ended."""
    process = multiprocessing.get_context("fork").Process(target=train, args=(world, place), kwargs={"doomed": True})
    process.start()
    while not (place / "journal" / MANIFEST).exists():
        assert process.is_alive()
        time.sleep(0.001)
    time.sleep(moment.uniform(0.0, 0.1))
    assert process.pid is not None
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    assert process.exitcode is not None
    return process.exitcode


def test_kills_at_random_moments_change_no_byte(world, tmp_path):
    """Three kills, one of them perhaps while a state is written; then the training ends undisturbed."""
    undisturbed = MacCap(world.config(SETTINGS))
    undisturbed.load(world.resources(training=0.1))
    undisturbed.train(world.corpus(), torch.Generator().manual_seed(5), progress=lambda done, total: None)
    undisturbed.save(tmp_path / "calm")
    moment = random.Random()
    assert [kill_one(world, tmp_path, moment) for _ in range(3)] == [-signal.SIGKILL] * 3
    begun = StoredJournal(tmp_path / "journal", 0.0, lambda text: None).latest()
    assert begun is not None
    assert 0 < begun.steps <= DOOMED_AT
    train(world, tmp_path, doomed=False)
    for name in ("adaptor.safetensors", "origin.json"):
        assert (tmp_path / "saved" / name).read_bytes() == (tmp_path / "calm" / name).read_bytes()
