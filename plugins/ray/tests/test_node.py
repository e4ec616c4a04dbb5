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
from zsbench.fingerprints import FileHashes
from zsbench.interfaces import RunRequest
from zsbench.plan import PlanOptions, make_plan
from zsbench.plugins import PluginControl, load_plugins
from zsbench_ray import node, shared_store
from zsbench_ray.node import ClusterRun, ExpectedStage, Refusal, check_node, make_stage
from zsbench_ray.progress import ProgressBoard

PLUGIN = Path(zsbench_fakes.__file__).parent / "zsbench_slow.py"


@pytest.fixture
def run(tmp_path, monkeypatch):
    """A run of the fakes whose store the node sees; what a worker does to its process is taken back."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(node, "_prepared", None)
    monkeypatch.setattr(shared_store, "PATIENCE", 0.0)
    for name in ("ZSBENCH_CACHE", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        monkeypatch.setenv(name, os.environ.get(name, "1"))
    (tmp_path / "store").mkdir()
    (tmp_path / "store" / "token").touch()
    control = PluginControl(files=(PLUGIN,))
    matrix = read_matrix(zsbench_fakes.matrix_file(), {"captioners": ["nearest"], "baseline": None, "threads": 1})
    request = RunRequest(matrix, zsbench_fakes.write_world(tmp_path), tmp_path, control)
    return ClusterRun("one", request, tmp_path, 1, plan_stages(request))


def plan_stages(request):
    """What the command would send."""
    registry = load_plugins(control=request.control).registry
    plan = make_plan(request.matrix, registry, request.data_root, PlanOptions(FileHashes(request.cache)))
    return {key: ExpectedStage(stage.kind, stage.label, stage.depends_on) for key, stage in plan.stages.items()}


def key_of(run, kind):
    """The key of a stage of a kind."""
    return next(key for key, stage in run.stages.items() if stage.kind == kind)


@pytest.fixture
def board():
    """A board as workers know it, and what was told."""
    told = ProgressBoard()
    return SimpleNamespace(tell=SimpleNamespace(remote=told.tell), read=told.read)


def test_a_node_that_sees_the_store_and_plans_alike_may_take_part(run):
    """Nothing is said; the worker has its plan."""
    assert check_node(run, "token") is None
    assert node._prepared.worker.find(key_of(run, "predict"))


def test_a_node_that_does_not_see_the_store_is_refused(run):
    """The message says how a store is shared."""
    refusal = check_node(run, "another-token")
    assert "does not see" in refusal.found
    assert "ZSBENCH_CACHE" in refusal.remedy


def test_a_node_with_another_library_is_refused_and_told_which(run):
    """Causes before what follows from them, a few of them, and how many more."""
    kind = run.stages[key := key_of(run, "predict")]
    depends_on = {
        **kind.depends_on,
        "libraries": {**kind.depends_on["libraries"], "torch": "0.1"},
        "inputs": dict.fromkeys(kind.depends_on["inputs"], "0"),
        "code": {**kind.depends_on["code"], "mine": "1", "yours": "2", "theirs": "3"},
    }
    other = dataclasses.replace(run, stages={key[::-1]: dataclasses.replace(kind, depends_on=depends_on)})
    refusal = check_node(other, "token")
    assert "plans another predict of nearest" in refusal.found
    assert "version of torch: 0.1 -> " in refusal.found
    assert "is another" not in refusal.found
    assert "more" in refusal.found


def test_a_node_without_the_data_is_refused(run, tmp_path):
    """In the words of the error that planning raises."""
    matrix = run.request.matrix.model_copy(update={"data_root": str(tmp_path / "nowhere")})
    request = dataclasses.replace(run.request, matrix=matrix, data_root=None)
    refusal = check_node(dataclasses.replace(run, request=request), "token")
    assert isinstance(refusal, Refusal)
    assert "cannot plan this run" in refusal.found


def test_stages_are_made_one_after_the_other_with_one_plan(run, board):
    """Each tells that it begins; a later one finds what an earlier one left."""
    first = make_stage(run, key_of(run, "text-features"), board)
    prepared = node._prepared
    make_stage(run, key_of(run, "image-features"), board)
    last = make_stage(run, key_of(run, "predict"), board)
    assert (first.record.state, last.record.state) == ("done", "done")
    assert node._prepared is prepared
    assert str(os.getpid()) in last.process
    assert key_of(run, "predict") in board.read()


def test_a_profiled_run_counts_on_its_nodes(run, board):
    """Work comes home with the stage; without --profile nothing is counted."""
    counted = []
    for profile in (False, True):
        request = dataclasses.replace(run.request, profile=profile)
        told = dataclasses.replace(run, id=f"profile-{profile}", request=request)
        shutil.rmtree(request.cache / "store", ignore_errors=True)
        counted.append(bool(make_stage(told, key_of(run, "text-features"), board).record.work))
    assert counted == [False, True]


def test_a_stage_that_is_not_planned_here_is_refused(run, board):
    """Its key is a hash of all that it depends on, so something is different."""
    known = run.stages[key_of(run, "predict")]
    unknown = dataclasses.replace(run, stages={"0" * 32: known})
    assert "plans another predict" in make_stage(unknown, "0" * 32, board).found


def test_a_node_that_cannot_open_the_url_is_refused(run):
    """It is named."""
    request = dataclasses.replace(run.request, store_url="nonsense://bucket")
    refusal = check_node(dataclasses.replace(run, request=request), "token")
    assert "has no store" in refusal.found


def test_nodes_that_share_a_url_have_caches_of_their_own(run, tmp_path, monkeypatch):
    """Where ZSBENCH_CACHE says so; their data too."""
    monkeypatch.setattr(node, "OWN_CACHE", str(tmp_path / "own"))
    assert node._on_this_node(run.request) is run.request
    shared = node._on_this_node(dataclasses.replace(run.request, store_url="memory://shared"))
    assert (shared.cache, shared.data_root) == (tmp_path / "own", None)


def test_inputs_that_are_not_seen_fail_the_stage(run, board):
    """With the node's name, as an error of the tree."""
    made = make_stage(run, key_of(run, "predict"), board)
    assert made.record.state == "failed"
    assert "does not see" in made.record.reason
