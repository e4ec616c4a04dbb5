"""Runs of the real command that are disturbed on purpose."""

from __future__ import annotations

import itertools
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

CELLS = ("run", "--captioners", "maccap,maccap-no-rerank,clipre", "--tasks", "coco-karpathy-test")
"""A small part of the default matrix: three captioners, a shared training, two workers, predictions in chunks."""
SMALL = ("--limit", "24", "--batch-size", "8", "--set", "maccap.training.steps=40", "--set", "threads=1")
WORDS = (
    ("a dog", "two cats", "a man in a hat", "the red car", "a small bird", "some children", "a woman", "an old train"),
    ("runs on", "sits near", "looks at", "stands by"),
    ("the beach", "a wooden table", "the green field", "a bench", "the street", "a lake"),
)
TIME_LIMIT = 900
"""Seconds after which a run hangs, on any machine."""
ENDS_WITHIN = 30
"""Seconds in which what a killed run started has gone."""


@dataclass(frozen=True)
class Place:
    """Where a run keeps its store and its results."""

    cache: Path
    results: Path

    @classmethod
    def under(cls, folder, name):
        """A fresh place."""
        return cls(folder / f"cache-{name}", folder / f"results-{name}")

    @property
    def store(self):
        """The store in the cache."""
        return self.cache / "store"

    def samples(self):
        """The bytes of every cell's samples of the newest run, by cell."""
        cells = (self.results / "latest").resolve() / "cells"
        return {path.parent.name: path.read_bytes() for path in sorted(cells.glob("*/samples.jsonl"))}

    def record(self):
        """The ``run.json`` of the newest run."""
        return json.loads((self.results / "latest" / "run.json").read_text(encoding="utf-8"))

    def inputs(self):
        """By key of each stage of the newest run, the keys that it was made from."""
        return {stage["key"]: stage["inputs"] for stage in self.record()["stages"]}

    def copy(self, folder, name):
        """The same cache at a fresh place, without results."""
        other = Place.under(folder, name)
        shutil.copytree(self.cache, other.cache)
        return other


def write_texts(path):
    """The corpus of every run: a caption for each combination of words."""
    path.write_text("".join(" ".join(words) + "\n" for words in itertools.product(*WORDS)), encoding="utf-8")
    return path


def start(place, *more, texts, before=""):
    """Start the command in a process group of its own.

    Args:
        place: Its cache and its results.
        more: Further arguments.
        texts: The corpus.
        before: Python that the process runs first.
    """
    program = f"{before}\nfrom zsbench.cli import main\nmain()"
    corpus = ("--corpora", "text-file", "--set", f"corpus_settings.text-file.path={texts}")
    return subprocess.Popen(
        [sys.executable, "-c", program, *CELLS, *SMALL, *corpus, "--output", str(place.results), *more],
        env={**os.environ, "ZSBENCH_CACHE": str(place.cache)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def end(process):
    """Wait for a run; exit code and what it said. A run that hangs is killed and is an error."""
    try:
        said = process.communicate(timeout=TIME_LIMIT)[1]
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        raise
    return process.returncode, said


def kill_after(process, seconds, *, group):
    """Kill a run after some seconds, alone or with its workers and programs; False if it ended before."""
    try:
        process.wait(timeout=seconds)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL) if group else process.kill()
        process.wait()
        process.stderr.close()
        return True
    process.stderr.close()
    return False


def family(session):
    """What runs in a session that ``start`` began: command lines by process id, zombies left out."""
    found = {}
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = status.read_text(encoding="utf-8").rpartition(") ")[2].split()
            command = (status.parent / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except OSError:
            continue
        if int(fields[3]) == session and fields[0] != "Z":
            found[int(status.parent.name)] = command
    return found


def is_gone(session):
    """Whether everything that a killed run had started ends by itself."""
    deadline = time.monotonic() + ENDS_WITHIN
    while family(session) and time.monotonic() < deadline:
        time.sleep(0.2)
    return not family(session)


def kill_member(process, wanted):
    """Wait until a run has started a certain process and kill that one; False if it never came.

    Args:
        process: The run.
        wanted: Says of process id and command line whether that is the one.
    """
    deadline = time.monotonic() + TIME_LIMIT
    while process.poll() is None and time.monotonic() < deadline:
        for pid, command in family(process.pid).items():
            if pid != process.pid and wanted(pid, command):
                os.kill(pid, signal.SIGKILL)
                return True
        time.sleep(0.05)
    return False


def damage(rng, path):
    """Flip a byte of a file, cut it, or remove it; an entry without its manifest is none, so that one stays."""
    content = path.read_bytes()
    choice = rng.choice(["flip", "cut", "cut" if path.name == "entry.json" else "remove"])
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


def discard_some(rng, store, inputs):
    """Remove some entries, each with what was made from it: a store as an earlier run may have left it."""
    entries = sorted(store.glob("*/*/entry.json"))
    for manifest in rng.sample(entries, rng.randint(1, 3)):
        entry = manifest.parent
        discard_dependents(store, entry.name, inputs)
        shutil.rmtree(entry, ignore_errors=True)
