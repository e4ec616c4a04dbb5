"""The default matrix on one Ray worker and on two with a core each."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile

import pytest

ARGUMENTS = ("--engine", "ray", "--set", "threads=1")


@pytest.fixture
def clusters():
    """A cluster of one node and one of two, a CPU each."""
    pytest.importorskip("ray", reason="ray has no wheel for this Python")
    pytest.importorskip("zsbench_ray")
    from ray.cluster_utils import Cluster

    with pytest.MonkeyPatch.context() as patch, contextlib.ExitStack() as stack:
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        made = []
        for nodes in (1, 2):
            cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
            stack.callback(cluster.shutdown)
            for _ in range(nodes - 1):
                cluster.add_node(num_cpus=1)
            made.append(cluster.address)
        yield made


def run(address: str) -> int:
    """The whole command, from an empty store: planning, models, stages, records."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "zsbench", "run", *ARGUMENTS, "--address", address]
        environment = {**os.environ, "ZSBENCH_CACHE": f"{folder}/cache"}
        command += ["--output", f"{folder}/results"]
        return subprocess.run(command, env=environment, capture_output=True, check=False).returncode


@pytest.mark.ratio(
    what="`zsbench run --engine ray`, two workers with a core each",
    against="one worker",
    size="the default: 20 cells, four tasks, two trainings, from an empty store",
    aim=1.6,
)
def test_workers_with_a_core_each(side_by_side, clusters):
    """Everything that a user waits for."""
    one, two = clusters
    assert side_by_side(lambda: run(two), lambda: run(one), rounds=1) == (0, 0)
