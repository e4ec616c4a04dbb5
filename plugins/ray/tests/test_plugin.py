"""The distribution's door."""

from __future__ import annotations

import subprocess
import sys

from zsbench.config import EncoderSetting, Matrix
from zsbench.interfaces import Engine, EngineSpec, RunRequest
from zsbench.plugins import PluginControl, load_plugins
from zsbench.registry import load_object
from zsbench_ray.shared_store import SharedStore


def test_the_engine_comes_in_by_the_entry_point(tmp_path):
    """As one of a stranger's would; made without ray, and its store is the folder it is given."""
    registry = load_plugins().registry
    assert registry.owner(EngineSpec, "ray").plugin == "ray"
    matrix = Matrix(captioners=("a",), tasks=("b",), corpora=("c",), encoder=EncoderSetting(id="d", settings={}))
    request = RunRequest(matrix, tmp_path, tmp_path, PluginControl())
    engine = load_object(registry.get(EngineSpec, "ray").factory)(request)
    assert isinstance(engine, Engine)
    store = engine.open_store(tmp_path / "store")
    assert isinstance(store, SharedStore)
    assert store.root == tmp_path / "store"


def test_listing_it_loads_nothing_heavy():
    """Nor ray, nor fsspec."""
    code = "import sys, zsbench_ray.plugin; sys.exit(any(name in sys.modules for name in ('ray', 'fsspec', 'torch')))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
