"""How long the command takes to start, beside Python and its libraries alone."""

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
    """One start of Python in a process of its own; the exit code."""
    environment = {**os.environ, "ZSBENCH_CACHE": str(cache or Path.cwd())}
    if site is not None:
        environment["PYTHONPATH"] = os.pathsep.join([str(site), environment.get("PYTHONPATH", "")])
    done = subprocess.run([sys.executable, *arguments], env=environment, check=False, stdout=subprocess.DEVNULL)
    return done.returncode


BARE = ("-c", "import typer, pydantic")
ALONE = "Python that imports typer and pydantic and ends"


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(("--help",), marks=pytest.mark.ratio(what="`zsbench --help`", against=ALONE, size="-")),
        pytest.param(
            ("plugins",), marks=pytest.mark.ratio(what="`zsbench plugins`", against=ALONE, size="first-party")
        ),
        pytest.param(
            ("ls", "tasks"), marks=pytest.mark.ratio(what="`zsbench ls tasks`", against=ALONE, size="first-party")
        ),
    ],
    ids=" ".join,
)
def test_start(side_by_side, tmp_path, arguments):
    """Each verb that only looks: a ratio of 0.5 is a start that takes twice as long as its libraries alone."""
    assert side_by_side(
        lambda: start("-m", "zsbench", *arguments, cache=tmp_path), lambda: start(*BARE), rounds=5, warmup=1
    ) == (0, 0)


@pytest.mark.ratio(what="`zsbench plugins`", against=ALONE, size="first-party and 50 more, 10 of them broken")
def test_start_with_fifty_plugins(side_by_side, fifty_plugins, tmp_path):
    """Forty that work and ten that do not."""
    options = {"site": fifty_plugins, "cache": tmp_path / "cache"}
    assert side_by_side(
        lambda: start("-m", "zsbench", "plugins", **options), lambda: start(*BARE), rounds=5, warmup=1
    ) == (0, 0)
