"""How long the command takes to start, beside Python and typer alone, measured in one run."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

FIFTY = 50


@pytest.fixture
def fifty_plugins(tmp_path):
    """Fifty installed plugins, every fifth of them broken."""
    for number in range(FIFTY):
        info = tmp_path / f"zsbench_fifty_{number}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: zsbench-fifty-{number}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[zsbench]\nfifty-{number} = fifty_{number}\n")
        body = "import nothing_of_this_name" if number % 5 == 0 else _hooks(number)
        (tmp_path / f"fifty_{number}.py").write_text(body)
    return tmp_path


def _hooks(number):
    return (
        "from zsbench.hookspecs import hookimpl\nfrom zsbench.interfaces.specs import CaptionerSpec\n\n@hookimpl\n"
        f"def zsbench_captioners():\n    return [CaptionerSpec(id='fifty-{number}', factory='nowhere:Captioner')]\n"
    )


def start(*arguments, site=None, cache=None):
    """One start of the command in a process of its own."""
    environment = {**os.environ, "ZSBENCH_CACHE": str(cache or Path.cwd())}
    if site is not None:
        environment["PYTHONPATH"] = os.pathsep.join([str(site), environment.get("PYTHONPATH", "")])
    subprocess.run([sys.executable, *arguments], env=environment, check=True, stdout=subprocess.DEVNULL)


@pytest.mark.benchmark(group="start")
@pytest.mark.parametrize(
    "arguments",
    [
        ("-c", "pass"),
        ("-c", "import typer, pydantic"),
        ("-m", "zsbench", "--help"),
        ("-m", "zsbench", "plugins"),
        ("-m", "zsbench", "ls", "tasks"),
    ],
    ids=" ".join,
)
def test_start(benchmark, tmp_path, arguments):
    """Each verb that only looks."""
    benchmark.pedantic(start, arguments, {"cache": tmp_path}, rounds=5, warmup_rounds=1)


@pytest.mark.benchmark(group="start")
def test_start_with_fifty_plugins(benchmark, fifty_plugins, tmp_path):
    """Forty that work and ten that do not."""
    options = {"site": fifty_plugins, "cache": tmp_path / "cache"}
    benchmark.pedantic(start, ("-m", "zsbench", "plugins"), options, rounds=5, warmup_rounds=1)
