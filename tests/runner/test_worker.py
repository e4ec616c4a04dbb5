"""A run planned again elsewhere: the same keys stand for the same work."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

import zsbench_fakes
from zsbench.config import read_matrix
from zsbench.interfaces import RunRequest
from zsbench.plugins import PluginControl, load_plugins
from zsbench.runner.reporter import Silent
from zsbench.runner.session import RunOptions, Session
from zsbench.runner.worker import RunWorker
from zsbench.store import Store

CONTROL = PluginControl(files=(Path(zsbench_fakes.__file__).parent / "zsbench_slow.py",))
"""The fakes in a form that any process can load."""


@pytest.fixture
def request_(tmp_path):
    """A run of one captioner."""
    matrix = read_matrix(zsbench_fakes.matrix_file(), {"captioners": ["nearest"], "baseline": None})
    return RunRequest(matrix, zsbench_fakes.write_world(tmp_path / "world"), tmp_path / "cache", CONTROL)


@pytest.fixture
def plan(request_, tmp_path):
    """The plan of the command that gave the request."""
    matrix = request_.matrix.model_copy(update={"data_root": str(request_.data_root)})
    return Session(RunOptions(matrix, tmp_path, tmp_path / "other"), load_plugins(control=CONTROL), Silent()).plan()


@pytest.fixture
def worker(request_, tmp_path):
    worker = RunWorker(request_, Store(tmp_path / "store"), cores=2)
    yield worker
    worker.close()


def test_the_same_run_has_the_same_keys(worker, plan):
    """Whoever plans it; a key that is not of it leads nowhere."""
    for key, stage in plan.stages.items():
        assert (worker.find(key).kind, worker.find(key).label) == (stage.kind, stage.label)
    assert worker.find("0" * 32) is None


def test_stages_are_made_by_their_keys(worker, plan):
    """One after the other, until everything is in the store; progress and remarks are told."""
    told = []
    for key in plan.stages:
        assert worker.make(key, advance=lambda *numbers: told.append(numbers), remark=told.append).state == "done"
    assert (10, 10) in told
    assert all(Path(worker._context.store.path(stage.kind, key)).is_dir() for key, stage in plan.stages.items())


def test_what_differs_from_the_same_stage_elsewhere_is_named(worker, plan):
    """By the nearest stage of its kind here; nothing where they are alike, or there is none."""
    prediction = plan.cells[0].prediction
    other = {**prediction.depends_on, "libraries": {**prediction.depends_on["libraries"], "torch": "0.1"}}
    [found] = worker.explain("predict", other)
    assert found.startswith("version of torch: 0.1 -> ")
    assert worker.explain("predict", prediction.depends_on) == []
    assert worker.explain("read", other) == []


def test_work_is_counted_where_the_run_is_profiled(request_, plan, tmp_path):
    """And only there."""
    for profile in (False, True):
        told = dataclasses.replace(request_, profile=profile)
        worker = RunWorker(told, Store(tmp_path / str(profile)), cores=1)
        record = worker.make(plan.cells[0].references.key, advance=lambda *_: None, remark=print)
        worker.close()
        assert bool(record.work) is profile
