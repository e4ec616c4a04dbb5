"""Cores and threads: how many workers there are, and with what they compute."""

from __future__ import annotations

import os

import pytest
import torch

from zsbench.cores import limit_threads
from zsbench.runner import resources
from zsbench.runner.resources import choose_resources


@pytest.mark.parametrize(
    ("device", "threads", "asked", "expected"),
    [
        ("cpu", None, None, (1, 0)),
        ("cpu", 1, None, (3, 0)),
        ("cpu", 2, None, (1, 0)),
        ("cuda:0", 1, None, (1, 1)),
        ("cuda:0", None, 1, (1, 0)),
        ("cpu", None, 2, (2, 0)),
    ],
)
def test_workers_are_chosen_by_cores_and_threads(monkeypatch, device, threads, asked, expected):
    """Three cores; asked for, the number is what was asked; an accelerator has a process that scores beside it."""
    monkeypatch.setattr(resources, "count_cores", lambda: 3)
    chosen = choose_resources(device, threads, asked)
    assert (chosen.workers, chosen.scorers) == expected


def test_a_process_computes_with_the_threads_that_it_is_given(monkeypatch):
    """Torch is told, and what is started later by its environment."""
    given = []
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        monkeypatch.setenv(name, "9")
    monkeypatch.setattr(torch, "set_num_threads", given.append)
    limit_threads(None)
    assert (os.environ["OMP_NUM_THREADS"], given) == ("9", [])
    limit_threads(2)
    assert (os.environ["OMP_NUM_THREADS"], os.environ["MKL_NUM_THREADS"], given) == ("2", "2", [2])
