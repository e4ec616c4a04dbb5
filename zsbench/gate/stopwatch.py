"""What a speed gate times: captioning by a checkout's own code, or any command."""

from __future__ import annotations

import contextlib
import json
import os
import select
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from zsbench.errors import ConfigError

__all__ = ["CommandSide", "Worker", "checkout", "start_worker"]

TIMEOUT = 3600
"""Seconds that one measurement, or getting ready, may take."""

WORKER = "zsbench.cli.repeat"
_TAKEN = ("text-features", "image-features", "gap-fit", "train")
_THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMEXPR_NUM_THREADS")
_TAIL = 400


@dataclass(frozen=True)
class CommandSide:
    """Times a command by the clock.

    Attributes:
        command: Program and arguments, no shell.
        folder: Where it runs.
        threads: Of the usual libraries.
    """

    command: Sequence[str]
    folder: Path
    threads: int = 1

    @classmethod
    def parse(cls, text: str, folder: Path, threads: int) -> CommandSide:
        """A side from one line, split as a shell splits."""
        return cls(tuple(shlex.split(text)), folder, threads)

    def __call__(self) -> Mapping[str, float]:
        """Run the command once; seconds by the name ``command``."""
        start = time.perf_counter()
        _run(self.command, self.folder, fix_threads(self.threads))
        return {"command": time.perf_counter() - start}


class Worker:
    """Times captioning alone: a process of a checkout's own code that captions whenever it is asked.

    Attributes:
        timed: What it times, as people call it.
    """

    def __init__(self, process: subprocess.Popen[str], log: Path) -> None:
        self._process, self._log = process, log
        self.timed: list[str] = []

    def get_ready(self, root: Path) -> None:
        """Wait until everything that captioning waits for is there.

        Args:
            root: The checkout whose code must run.

        Raises:
            ConfigError: It ended, or runs other code.
        """
        ready = self._hear()
        if not Path(ready["code"]).resolve().is_relative_to(root.resolve()):
            raise ConfigError(
                f"The side of {root} ran the code of {Path(ready['code']).parent}.",
                "A side runs the code of its own checkout.",
                "Name a folder that holds zsbench's `pyproject.toml`.",
                key="base",
            )
        self.timed = list(ready["timed"])

    def __call__(self) -> Mapping[str, float]:
        """Caption once; seconds by stage.

        Raises:
            ConfigError: The process ended or hangs.
        """
        assert self._process.stdin is not None  # noqa: S101  it is a pipe
        with contextlib.suppress(BrokenPipeError):  # what it said before is told below
            self._process.stdin.write("\n")
            self._process.stdin.flush()
        return {name: float(seconds) for name, seconds in self._hear().items()}

    def stop(self) -> None:
        """End the process and all that it started; what it wrote is the caller's scratch folder."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.communicate()

    def _hear(self) -> dict[str, Any]:
        """One answer."""
        assert self._process.stdout is not None  # noqa: S101  it is a pipe
        ready, _, _ = select.select([self._process.stdout], [], [], TIMEOUT)
        line = self._process.stdout.readline() if ready else ""
        if not line:
            reason = self._log.read_text(encoding="utf-8", errors="replace").strip()[-_TAIL:]
            raise _failed(self._process.args, (reason or "it ended") if ready else f"no answer in {TIMEOUT} s")
        answer: dict[str, Any] = json.loads(line)
        return answer


@contextlib.contextmanager
def start_worker(root: Path, scratch: Path, order: Mapping[str, Any], warm: Path | None = None) -> Iterator[Worker]:
    """A worker of a checkout; it ends with the block, whatever happens.

    Args:
        root: Folder of the code.
        scratch: Folder for its cache and its messages.
        order: What it times: matrix, captioners, tasks, limit, threads.
        warm: A cache whose data, features and trainings are taken over; entries are found by content, so that a wrong
            one cannot be used.

    Raises:
        ConfigError: The checkout is older than this gate.
    """
    if not root.joinpath(*WORKER.split(".")).with_suffix(".py").is_file():
        raise ConfigError(
            f"{root.name} has no {WORKER}, which times captioning.",
            "Both sides are checkouts of zsbench that know it.",
            "Name a later revision, or time two commands: `--base-command A --head-command B`.",
            key="base",
        )
    if warm:
        _take_over(warm, scratch / "cache")
    environment = {
        **fix_threads(int(order["threads"])),
        "ZSBENCH_CACHE": str(scratch / "cache"),
        "TMPDIR": str(scratch),
        "PYTHONPATH": os.pathsep.join(map(str, _packages(root))),
    }
    command = [sys.executable, "-m", WORKER, json.dumps(dict(order))]
    log = scratch / "messages"
    with log.open("wb") as messages:
        process = subprocess.Popen(
            command,
            cwd=scratch,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=messages,
            text=True,
            start_new_session=True,  # so that all it started ends with it
        )
    worker = Worker(process, log)
    try:
        yield worker
    finally:
        worker.stop()


def _take_over(warm: Path, cache: Path) -> None:
    """Link or copy what a cache holds, predictions and what was made of them aside."""
    kept = [warm / "data", *(kind for kind in (warm / "store").glob("*") if kind.name in _TAKEN)]
    for folder in kept:
        if folder.is_dir():
            shutil.copytree(folder, cache / folder.relative_to(warm), copy_function=_link)


def _link(source: str, target: str) -> None:
    """A hard link; a copy where the two are on different file systems."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def fix_threads(threads: int) -> dict[str, str]:
    """The environment with a fixed number of threads."""
    return {**os.environ, **dict.fromkeys(_THREADS, str(threads))}


@contextlib.contextmanager
def checkout(place: str, scratch: Path) -> Iterator[Path]:
    """The folder of a side: the folder that is named, or the files of a git revision, written beside the repository.

    The repository itself is only read: nothing has to be cleaned up in it, however the gate ends.

    Raises:
        ConfigError: It is neither.
    """
    if Path(place).is_dir():
        yield Path(place).resolve()
        return
    folder = scratch / "checkout"
    environment = {**os.environ, "GIT_INDEX_FILE": str(scratch / "index")}
    commit = _git("rev-parse", "--verify", "--quiet", "--end-of-options", f"{place}^{{commit}}")
    top = _git("rev-parse", "--show-toplevel")
    if not commit or not top:
        raise ConfigError(
            f"{place!r} is neither a folder nor a git revision here.",
            "The sides of a speed gate are folders with a checkout, or revisions such as origin/main.",
            "Fetch it first (`git fetch origin main`), or name a folder.",
            key="base",
        )
    git = ["git", "-C", top]
    subprocess.run([*git, "read-tree", commit], env=environment, check=True, timeout=TIMEOUT)
    write = [*git, "checkout-index", "--all", f"--prefix={folder}{os.sep}"]
    subprocess.run(write, env=environment, check=True, timeout=TIMEOUT)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _packages(root: Path) -> list[Path]:
    """The folders of a checkout whose packages are imported: those with a ``pyproject.toml``, two levels deep."""
    found = [path.parent for pattern in ("", "*/", "*/*/") for path in sorted(root.glob(f"{pattern}pyproject.toml"))]
    return [path for path in found if path.name != "tests"]


def _run(command: Sequence[str], folder: Path, environment: Mapping[str, str]) -> None:
    """Run a command to its end.

    Raises:
        ConfigError: It failed: that is neither a regression nor a pass.
    """
    try:
        done = subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=TIMEOUT
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise _failed(command, str(error)) from None
    if done.returncode:
        raise _failed(command, done.stderr.strip()[-_TAIL:] or f"exit code {done.returncode}")


def _failed(command: Any, reason: str) -> ConfigError:
    """The error of a side that cannot be timed."""
    return ConfigError(
        f"`{shlex.join(command)}` failed: {reason}.",
        "A speed gate times commands that succeed.",
        "Run the command by itself and mend it.",
        key="command",
    )


def _git(*arguments: str) -> str:
    """What one git command prints; empty where it fails or git is not installed."""
    try:
        done = subprocess.run(["git", *arguments], capture_output=True, text=True, check=False, timeout=TIMEOUT)
    except OSError:
        return ""
    return "" if done.returncode else done.stdout.strip()
