"""What runs on a node, called here."""

from __future__ import annotations

import dataclasses
import os
import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest

import zsbench_fakes
from zsbench.config import read_matrix
from zsbench.plugins import PluginControl, load_plugins
from zsbench.runner.cluster import worker
from zsbench.runner.cluster.board import Board
from zsbench.runner.cluster.environment import Refusal, describe_environment
from zsbench.runner.cluster.worker import Errand, Mission, find_shared, look_around, make
from zsbench.runner.order import Order
from zsbench.store import Store

PLUGIN = Path(zsbench_fakes.__file__).parent / "zsbench_slow.py"


@pytest.fixture
def mission(tmp_path, monkeypatch):
    """A run of the fakes; what a worker does to its process is taken back."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(worker, "_desk", None)
    for name in ("ZSBENCH_CACHE", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        monkeypatch.setenv(name, os.environ.get(name, "1"))
    control = PluginControl(files=(PLUGIN,))
    matrix = read_matrix(zsbench_fakes.matrix_file(), {"captioners": ["nearest"], "baseline": None, "threads": 1})
    order = Order(matrix, zsbench_fakes.write_world(tmp_path), tmp_path, control)
    environment = describe_environment(load_plugins(control=control).records)
    return Mission("one", order, environment, tmp_path, 1)


@pytest.fixture
def board():
    """A board as workers know it, and what was told."""
    told = Board()
    return SimpleNamespace(tell=SimpleNamespace(remote=told.tell), read=told.read)


def test_a_node_that_sees_the_store_and_plans_alike_may_take_part(mission, tmp_path):
    """Nothing is said; the worker has its plan."""
    (tmp_path / "store").mkdir()
    (tmp_path / "store" / "token").touch()
    assert look_around(mission, "token") is None
    assert worker._desk.plan.cells


def test_a_node_that_does_not_see_the_store_is_refused(mission):
    """The message says how a store is shared."""
    refusal = look_around(mission, "token")
    assert "does not see" in refusal.found
    assert "ZSBENCH_CACHE" in refusal.remedy


def test_another_environment_is_refused_by_name(mission, tmp_path):
    """Before anything is planned."""
    (tmp_path / "store").mkdir()
    (tmp_path / "store" / "token").touch()
    other = dataclasses.replace(mission, environment={**mission.environment, "torch": "0.1"})
    refusal = look_around(other, "token")
    assert "torch is" in refusal.found
    assert "0.1 here" in refusal.found


def test_a_node_without_the_data_is_refused(mission, tmp_path):
    """In the words of the error that planning raises."""
    (tmp_path / "store").mkdir()
    (tmp_path / "store" / "token").touch()
    order = dataclasses.replace(mission.order, data_root=tmp_path / "nowhere")
    refusal = look_around(dataclasses.replace(mission, order=order), "token")
    assert isinstance(refusal, Refusal)
    assert "cannot plan this run" in refusal.found


def test_stages_are_made_one_after_the_other_on_one_desk(mission, board):
    """Each tells that it begins; a later one finds what an earlier one left."""
    (features,) = (stage for stage in plan_of(mission) if stage.kind == "text-features")
    first = make(mission, Errand(features.kind, features.key, ()), board)
    desk = worker._desk
    (predict,) = (stage for stage in plan_of(mission) if stage.kind == "predict")
    images = next(stage for stage in plan_of(mission) if stage.kind == "image-features")
    make(mission, Errand(images.kind, images.key, ()), board)
    inputs = ((features.kind, features.key), (images.kind, images.key))
    last = make(mission, Errand(predict.kind, predict.key, inputs), board)
    assert (first.record.state, last.record.state) == ("done", "done")
    assert worker._desk is desk
    assert str(os.getpid()) in last.process
    assert predict.key in board.read()


def test_a_profiled_run_counts_on_its_nodes(mission, board):
    """Work comes home with the stage; without --profile nothing is counted."""
    counted = []
    for profile in (False, True):
        order = dataclasses.replace(mission.order, profile=profile)
        told = dataclasses.replace(mission, id=f"profile-{profile}", order=order)
        (features,) = (stage for stage in plan_of(told) if stage.kind == "text-features")
        shutil.rmtree(order.cache / "store", ignore_errors=True)
        counted.append(bool(make(told, Errand(features.kind, features.key, ()), board).record.work))
    assert counted == [False, True]


def test_a_stage_that_is_not_planned_here_is_refused(mission, board):
    """Its key is a hash of all that it depends on, so something is different."""
    refusal = make(mission, Errand("predict", "0" * 32, ()), board)
    assert "plans other work" in refusal.found


def test_an_entry_that_is_never_seen_is_given_up(tmp_path):
    """After some patience."""
    assert find_shared(Store(tmp_path), "predict", "x", patience=0.0) is None


def plan_of(mission):
    """The stages that a worker plans."""
    prepared = worker._prepare(mission)
    return list(prepared.plan.stages.values())


def test_a_node_that_cannot_open_the_url_is_refused(mission):
    """It is named."""
    order = dataclasses.replace(mission.order, store_url="nonsense://bucket")
    refusal = look_around(dataclasses.replace(mission, order=order), "token")
    assert "has no store" in refusal.found


def test_nodes_that_share_a_url_have_caches_of_their_own(mission, tmp_path, monkeypatch):
    """Where ZSBENCH_CACHE says so."""
    monkeypatch.setattr(worker, "OWN_CACHE", str(tmp_path / "own"))
    assert worker._find_cache(mission.order) == tmp_path
    shared = dataclasses.replace(mission.order, store_url="memory://shared")
    assert worker._find_cache(shared) == tmp_path / "own"


def test_inputs_that_are_not_seen_fail_the_stage(mission, board, monkeypatch):
    """With the node's name, as an error of the tree."""
    monkeypatch.setattr(worker, "find_shared", lambda store, kind, key: None)
    stage = next(stage for stage in plan_of(mission) if stage.kind == "predict")
    made = make(mission, Errand(stage.kind, stage.key, (("image-features", "x"),)), board)
    assert made.record.state == "failed"
    assert "does not see" in made.record.reason
