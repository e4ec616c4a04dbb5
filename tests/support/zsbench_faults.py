"""Runs of the real command that are disturbed on purpose."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ARGUMENTS = (
    *("run", "--captioners", "maccap,maccap-no-rerank,clipre", "--tasks", "coco-karpathy-test"),
    *("--limit", "40", "--batch-size", "8", "--set", "maccap.training.steps=40", "--set", "threads=1"),
)
"""A small part of the default matrix: three captioners, a shared training, two workers, predictions in chunks."""
TIME_LIMIT = 1800


@dataclass(frozen=True)
class Place:
    """Where a run keeps its store and its results."""

    cache: Path
    results: Path

    @classmethod
    def under(cls, folder, name):
        """A fresh place."""
        return cls(folder / f"cache-{name}", folder / f"results-{name}")

    def samples(self):
        """The bytes of every cell's samples of the newest run, by cell."""
        cells = (self.results / "latest").resolve() / "cells"
        return {path.parent.name: path.read_bytes() for path in sorted(cells.glob("*/samples.jsonl"))}

    def inputs(self):
        """By key of each stage of the newest run, the keys that it was made from."""
        record = json.loads((self.results / "latest" / "run.json").read_text(encoding="utf-8"))
        return {stage["key"]: stage["inputs"] for stage in record["stages"]}

    def copy(self, folder, name):
        """The same store at a fresh place, without results."""
        other = Place.under(folder, name)
        shutil.copytree(self.cache, other.cache)
        return other


def start(place, *more):
    """Start the command in a process group of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "zsbench", *ARGUMENTS, "--output", str(place.results), *more],
        env={**os.environ, "ZSBENCH_CACHE": str(place.cache)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def finish(place, *more):
    """Run the command to its end; exit code and what it said."""
    process = start(place, *more)
    said = process.communicate(timeout=TIME_LIMIT)[1]
    return process.returncode, said


def kill_after(process, seconds, *, group):
    """Kill a run after some seconds, alone or with its workers and programs; False if it ended before."""
    try:
        process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL) if group else process.kill()
        process.communicate()
        return True
    return False


def damage(rng, path):
    """Flip a byte of a file, cut it, or remove it."""
    content = path.read_bytes()
    choice = rng.choice(["flip", "cut", "remove"])
    if choice == "remove" or not content:
        path.unlink()
    elif choice == "cut":
        path.write_bytes(content[: len(content) // 2])
    else:
        at = rng.randrange(len(content))
        path.write_bytes(content[:at] + bytes([content[at] ^ 0xFF]) + content[at + 1 :])


def discard_dependents(store, key, inputs):
    """Remove every entry that was made from one, directly or not, so that the next run needs that one."""
    for dependent, needed in inputs.items():
        if key in needed:
            for entry in store.glob(f"*/{dependent}"):
                shutil.rmtree(entry)
            discard_dependents(store, dependent, inputs)
