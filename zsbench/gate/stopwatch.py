"""What a speed gate times: a run of a checkout, or any command."""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from zsbench.errors import ConfigError

__all__ = ["CommandSide", "RunSide", "checkout"]

TIMEOUT = 3600
_TIMED = "predict"
_TAKEN = ("text-features", "image-features", "gap-fit", "train", "references", "read")
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


@dataclass(frozen=True)
class RunSide:
    """Times captioning alone: runs a checkout's zsbench on a cache of its own, forgetting predictions in between.

    The first call trains and encodes what ``warm`` does not hold; later calls only caption. Seconds are those of the
    prediction stages, by label.

    Attributes:
        checkout: Folder of the code.
        scratch: Folder for cache and records.
        arguments: Further arguments of ``zsbench run``.
        threads: Of the usual libraries, and of the matrix.
        warm: A cache whose data, features and trainings are taken over; entries are found by content, so that a wrong
            one cannot be used.
    """

    checkout: Path
    scratch: Path
    arguments: Sequence[str] = ()
    threads: int = 1
    warm: Path | None = None

    def __call__(self) -> Mapping[str, float]:
        """Caption once; seconds by the stage's label."""
        if self.warm and not (self.scratch / "cache").exists():
            _take_over(self.warm, self.scratch / "cache")
        shutil.rmtree(self.scratch / "cache" / "store" / _TIMED, ignore_errors=True)
        output = self.scratch / "runs"
        shutil.rmtree(output, ignore_errors=True)
        environment = {
            **fix_threads(self.threads),
            "ZSBENCH_CACHE": str(self.scratch / "cache"),
            "PYTHONPATH": os.pathsep.join(map(str, _packages(self.checkout))),
        }
        command = [sys.executable, "-m", "zsbench", "run", "--set", f"threads={self.threads}", *self.arguments]
        _run([*command, "--output", str(output)], self.scratch, environment)
        return _read_times(output)


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
    """The folder of a side: the folder that is named, or a temporary checkout of a git revision.

    Raises:
        ConfigError: It is neither.
    """
    if Path(place).is_dir():
        yield Path(place).resolve()
        return
    folder = scratch / "checkout"
    done = _git("worktree", "add", "--detach", str(folder), place) if not place.startswith("-") else None
    if done is None or done.returncode:
        raise ConfigError(
            f"{place!r} is neither a folder nor a git revision here.",
            "The sides of a speed gate are folders with a checkout, or revisions such as origin/main.",
            "Fetch it first (`git fetch origin main`), or name a folder.",
            key="base",
        )
    try:
        yield folder
    finally:
        _git("worktree", "remove", "--force", str(folder))


def _packages(root: Path) -> list[Path]:
    """The folders of a checkout whose packages are imported: those with a ``pyproject.toml``, two levels deep."""
    found = [path.parent for pattern in ("", "*/", "*/*/") for path in sorted(root.glob(f"{pattern}pyproject.toml"))]
    return [path for path in found if path.name != "tests"]


def _read_times(output: Path) -> dict[str, float]:
    """Seconds of the prediction stages that a run made, by label."""
    (record,) = (path for path in output.glob("*/run.json") if not path.parent.is_symlink())  # `latest` is a link
    run = json.loads(record.read_text(encoding="utf-8"))
    made = [stage for stage in run["stages"] if stage["kind"] == _TIMED and stage["state"] == "done"]
    return {stage["label"]: float(stage["seconds"]) for stage in made}


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


def _failed(command: Sequence[str], reason: str) -> ConfigError:
    """The error of a side that cannot be timed."""
    return ConfigError(
        f"`{shlex.join(command)}` failed: {reason}.",
        "A speed gate times commands that succeed.",
        "Run the command by itself and mend it.",
        key="command",
    )


def _git(*arguments: str) -> subprocess.CompletedProcess[str] | None:
    """One git command; None where git is not installed."""
    try:
        return subprocess.run(["git", *arguments], capture_output=True, text=True, check=False, timeout=TIMEOUT)
    except OSError:
        return None
