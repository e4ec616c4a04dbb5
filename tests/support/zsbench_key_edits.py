"""Sources that are copied and edited, and a process that plans from them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[2]
DISTRIBUTIONS = (
    "",
    "tasks",
    "plugins/gaps",
    "plugins/maccap",
    "plugins/ablations",
    "plugins/baselines",
    "plugins/pocket",
)
PACKAGES = ("zsbench", "zsbench_*")
LEFT_OUT = shutil.ignore_patterns("__pycache__", "*.egg-info")


class Planner:
    """A process that plans the embedded matrix from the sources in some folders.

    Args:
        folders: Where packages are, the first first.
        cache: Of data written on demand, and of hashes.
        plugins: Plugin files.
    """

    def __init__(self, folders, cache, plugins=()):
        server = ROOT / "tests/support/zsbench_key_server.py"
        path = os.pathsep.join(map(str, (*folders, ROOT / "tests/support")))
        self._process = subprocess.Popen(
            [sys.executable, str(server), str(cache), *map(str, plugins)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"},
        )

    def ask(self, versions=None, **overrides):
        """The stages of the matrix, or the error that planning it ends in."""
        request = {"overrides": overrides, "versions": versions or {}}
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())

    def plan(self, versions=None, **overrides):
        """Every stage's key by kind and label."""
        answer = self.ask(versions, **overrides)
        assert "error" not in answer, answer
        return {(kind, label): key for kind, label, key in answer["stages"]}

    def close(self):
        """End the process."""
        self._process.stdin.close()
        self._process.wait(30)
        self._process.stdout.close()


class Sources(Planner):
    """Copies of every first-party package, and a process that plans from them."""

    def __init__(self, folder: Path, cache: Path) -> None:
        self.folder = folder
        for distribution in DISTRIBUTIONS:
            for pattern in PACKAGES:
                for package in (ROOT / distribution).glob(pattern):
                    if package.is_dir():
                        shutil.copytree(package, folder / package.name, ignore=LEFT_OUT, dirs_exist_ok=True)
        super().__init__([folder], cache)

    @contextmanager
    def edited(self, name: str, old: str, new: str):
        """One replacement in one file, taken back afterwards."""
        with edit(self.folder / name, old, new) as path:
            yield path


@contextmanager
def edit(path: Path, old: str, new: str):
    """One replacement in a file, taken back afterwards."""
    text = path.read_text(encoding="utf-8")
    assert old in text, f"{path.name} has no {old!r}"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    try:
        yield path
    finally:
        path.write_text(text, encoding="utf-8")
