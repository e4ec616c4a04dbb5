"""An engine that was written from the documentation runs the default plan, with the bytes of the local one."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SUPPORT = Path(__file__).parents[1] / "support"
SMALL = ["--limit", "3", "--set", "maccap.training.steps=4", "--set", "maccap.training.warmup_steps=1"]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Runs the default matrix on a few images, in a store of its own, with an engine; its predictions by cell."""
    folder = tmp_path_factory.mktemp("engines")
    plugin = folder / "plugin.py"
    plugin.write_text("from zsbench_spawned_engine import zsbench_engines  # noqa: F401\n", encoding="utf-8")

    def call(engine, like=None):
        if like is not None:  # the embedded world and the features of its 35,000 texts need not be made again
            for kept in ("data", "store/text-features"):
                shutil.copytree(folder / like / kept, folder / engine / kept)
        environment = {**os.environ, "ZSBENCH_CACHE": str(folder / engine), "PYTHONPATH": _path(), "CI": "true"}
        command = [sys.executable, "-m", "zsbench", "-p", str(plugin), "run", "--engine", engine, *SMALL]
        done = subprocess.run(
            [*command, "--output", str(folder / engine)],
            capture_output=True,
            text=True,
            env=environment,
            cwd=folder,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        store = folder / engine / "store"
        return {path.relative_to(store): path.read_bytes() for path in store.glob("*/*/predictions.jsonl")}

    return call


def _path():
    """The path of this process, and the test support."""
    return os.pathsep.join(filter(None, [str(SUPPORT), os.environ.get("PYTHONPATH", "")]))


def test_an_engine_of_under_80_lines_makes_the_default_plan(run):
    """Fresh processes plan the same keys, and every prediction is the same to the byte."""
    lines = (SUPPORT / "zsbench_spawned_engine.py").read_text(encoding="utf-8").splitlines()
    assert len(lines) < 80
    local, spawned = run("local"), run("spawned", like="local")
    assert len(local) == 21  # 20 cells, one of which reads the captions of another prediction
    assert spawned == local
