"""A cluster of two nodes on this machine, and sessions that use it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

import zsbench_fakes
from zsbench.config import read_matrix
from zsbench.plugins import PluginControl, load_plugins
from zsbench.runner.reporter import Silent
from zsbench.runner.session import RunOptions, Session

SUPPORT = Path(zsbench_fakes.__file__).parent


class Notes(Silent):
    """Keeps what it is told; ``advanced`` may be given something to do."""

    def __init__(self):
        self.remarks, self.started, self.finished, self.failed = [], [], [], []
        self.advanced = lambda stage, done: None

    def remark(self, text):
        self.remarks.append(text)

    def stage_started(self, stage):
        self.started.append(stage.key)

    def stage_advanced(self, stage, done, total, tokens=0):
        self.advanced(stage, done)

    def stage_finished(self, stage, seconds):
        self.finished.append(stage.key)

    def stage_failed(self, stage, reason):
        self.failed.append((stage.kind, reason))


@pytest.fixture
def notes():
    return Notes()


@pytest.fixture(scope="module")
def slow_log(tmp_path_factory):
    """Where the slow captioner says what it did, on any node."""
    return tmp_path_factory.mktemp("slow") / "log.txt"


@pytest.fixture(scope="module")
def cluster(slow_log, tmp_path_factory):
    """A head with one CPU and a cache of its own; tests add nodes."""
    pytest.importorskip("ray", reason="ray has no wheel for this Python")
    from ray.cluster_utils import Cluster

    settings = {
        "RAY_USAGE_STATS_ENABLED": "0",
        "ZSBENCH_CACHE": str(tmp_path_factory.mktemp("cache-of-head")),
        "ZSBENCH_SLOW_LOG": str(slow_log),
        "ZSBENCH_SLOW_SECONDS": "0.4",
        "PYTHONPATH": os.pathsep.join([str(SUPPORT), os.environ.get("PYTHONPATH", "")]),
    }
    with pytest.MonkeyPatch.context() as patch:
        for name, value in settings.items():
            patch.setenv(name, value)
        cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
        yield cluster
        cluster.shutdown()


@pytest.fixture
def session(tmp_path, notes):
    """Build a session; keyword arguments override the matrix."""
    plugins = load_plugins(control=PluginControl(files=(SUPPORT / "zsbench_slow.py",)))

    def _session(name, engine="local", address="", url="", **overrides):
        matrix = read_matrix(zsbench_fakes.matrix_file(), {"threads": 1, **overrides})
        place = {"engine": engine, "address": address, "store_url": url}
        return Session(RunOptions(matrix, tmp_path / f"results-{name}", tmp_path / name, **place), plugins, notes)

    return _session
