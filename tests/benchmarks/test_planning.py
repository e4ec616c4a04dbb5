"""Planning with hashes of code that are remembered, beside planning that analyses every file."""

from __future__ import annotations

import shutil

import pytest

from zsbench.config import read_matrix
from zsbench.data_roots import find_data_root
from zsbench.fingerprints import FileHashes
from zsbench.plan import PlanOptions, make_plan
from zsbench.plugins import load_plugins
from zsbench_pocket.plugin import embedded_matrix


@pytest.fixture(scope="module")
def plan(tmp_path_factory):
    """Plans the default matrix with what a folder remembers; the keys of its stages."""
    registry = load_plugins().registry
    matrix = read_matrix(embedded_matrix(), {})
    root = find_data_root(matrix.data_root, registry, tmp_path_factory.mktemp("cache"))
    return lambda cache: list(make_plan(matrix, registry, root, PlanOptions(FileHashes(cache))).stages)


@pytest.mark.ratio(
    what="planning the default matrix, hashes of code, weights and images remembered",
    against="planning it with nothing remembered",
    size="the default: 20 cells, four tasks",
)
def test_planning_again(plan, side_by_side, tmp_path):
    """A second command hashes nothing again."""
    warm, cold = tmp_path / "warm", tmp_path / "cold"
    plan(warm)

    def from_nothing():
        shutil.rmtree(cold, ignore_errors=True)
        return plan(cold)

    found = side_by_side(lambda: plan(warm), from_nothing, rounds=3, warmup=1)
    assert found[0] == found[1]
