"""The default matrix, cut short, on one Ray worker and on two with a core each: read the ratio of the two times.

``ZSBENCH_RAY_LIMIT`` (examples of each task, 0 for all) and ``ZSBENCH_RAY_STEPS`` (of training) make more or less of it.
"""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

LIMIT = os.environ.get("ZSBENCH_RAY_LIMIT", "100")
STEPS = os.environ.get("ZSBENCH_RAY_STEPS", "600")
ARGUMENTS = ("--engine", "ray", "--set", "threads=1", "--set", f"maccap.training.steps={STEPS}")


@pytest.fixture(scope="module")
def cluster():
    """One node with one CPU, to which another may be added."""
    pytest.importorskip("ray", reason="ray has no wheel for this Python")
    from ray.cluster_utils import Cluster

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
        yield cluster
        cluster.shutdown()


def run(cluster, folder):
    """The whole command, from an empty store."""
    limit = () if LIMIT == "0" else ("--limit", LIMIT)
    command = [sys.executable, "-m", "zsbench", "run", *ARGUMENTS, *limit, "--address", cluster.address]
    environment = {**os.environ, "ZSBENCH_CACHE": str(folder / "cache")}
    command += ["--output", str(folder / "results")]
    return subprocess.run(command, env=environment, capture_output=True, check=False).returncode


@pytest.mark.benchmark(group="the default matrix on Ray", warmup=False)
@pytest.mark.parametrize("workers", [1, 2])
def test_workers_with_a_core_each(benchmark, cluster, tmp_path, workers):
    """Everything that a user waits for: planning, models, stages, records."""
    while len(cluster.list_all_nodes()) < workers:
        cluster.add_node(num_cpus=1)
    assert benchmark.pedantic(run, (cluster, tmp_path), rounds=1) == 0
