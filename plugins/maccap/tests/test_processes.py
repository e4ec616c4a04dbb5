"""One training in several processes: the same steps as alone, journalled and told by the one that asked."""

from __future__ import annotations

import dataclasses
import multiprocessing
import os
import signal

import pytest
import torch

from zsbench.errors import CaptionerError, ConfigError, MissingDependencyError
from zsbench.interfaces import TrainingJournal
from zsbench_maccap import processes
from zsbench_maccap.captioner import MacCap
from zsbench_maccap.processes import Peers, check_processes

pytestmark = [
    pytest.mark.skipif("fork" not in multiprocessing.get_all_start_methods(), reason="this system does not fork"),
    pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning"),
]


class Notebook(TrainingJournal):
    """Keeps every state it is handed."""

    def __init__(self, begun=None):
        self.begun, self.kept, self.tokens = begun, [], 0

    def latest(self):
        return self.begun

    def is_due(self):
        return True

    def keep(self, state):
        self.kept.append(state)

    def count_tokens(self, tokens):
        self.tokens += tokens


def train(world, *, journal=None, progress=lambda done, total: None, **settings):
    """Weights and report of a training."""
    captioner = MacCap(world.config({"steps": 6, "batch_size": 5, **settings}))
    captioner.load(dataclasses.replace(world.resources(training=0.1), journal=journal))
    report = captioner.train(world.corpus(), torch.Generator().manual_seed(2), progress=progress)
    return torch.cat([parameter.detach().flatten() for parameter in captioner.parts().adaptor.parameters()]), report


def test_two_processes_take_the_steps_of_one(world):
    """Weights and losses up to rounding, progress to the end, every token counted once."""
    pytest.importorskip("accelerate")
    alone, first = train(world)
    begun, _ = train(world, steps=1)
    steps, journal = [], Notebook()
    together, report = train(
        world, processes=2, accumulate=2, journal=journal, progress=lambda done, total: steps.append((done, total))
    )
    assert (together - alone).norm() < 1e-3 * (alone - begun).norm()
    assert report.losses == pytest.approx(first.losses, rel=1e-4)
    assert (report.steps, report.examples) == (first.steps, first.examples)
    assert steps == [(step, 6) for step in range(1, 7)]
    assert journal.tokens > 0


def test_processes_go_on_from_a_journal(world):
    """Taken up in the middle they end with the bits of a training of two processes that was not disturbed."""
    pytest.importorskip("accelerate")
    settings = {"processes": 2, "dropout": 0.2, "steps": 12}
    journal = Notebook()
    undisturbed, _ = train(world, journal=journal, **settings)
    assert journal.kept[0].steps == 1
    for state in (journal.kept[0], journal.kept[-1]):
        resumed, _ = train(world, journal=Notebook(state), **settings)
        assert torch.equal(resumed, undisturbed)


def test_a_process_that_dies_is_told(world, monkeypatch):
    """The training fails; nothing hangs."""
    pytest.importorskip("accelerate")
    monkeypatch.setattr(Peers, "share", lambda peers, batch: os.kill(os.getpid(), signal.SIGKILL))
    with pytest.raises(CaptionerError, match="A process of the training died"):
        train(world, processes=2)


def test_without_accelerate_the_remedy_is_told(monkeypatch):
    """The exact command."""
    monkeypatch.setattr(processes.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MissingDependencyError, match=r"pip install \"zsbench-maccap\[accelerate\]\""):
        check_processes(2, "cpu")


def test_a_worker_starts_no_processes(monkeypatch):
    """Workers of a run are daemons, which may have no children."""
    pytest.importorskip("accelerate")
    monkeypatch.setattr(multiprocessing.current_process(), "_config", {"daemon": True})
    with pytest.raises(ConfigError, match="Run with `--workers 1`"):
        check_processes(2, "cpu")


@pytest.mark.parametrize("batch", [1, 2, 7])
def test_every_place_of_a_batch_is_computed_once(batch):
    """Whatever the batch and the number of processes."""
    shares = [Peers(rank, 3).share(batch).tolist() for rank in range(3)]
    assert sorted(place for share in shares for place in share) == list(range(batch))
