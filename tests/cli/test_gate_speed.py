"""``zsbench gate --speed`` on two checkouts: verdicts, and nothing left behind however it ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest

FAKE_WORKER = """
import json, os, pathlib, sys, time
pathlib.Path(os.environ["NOTES"], str(os.getpid())).touch()
print(json.dumps({"code": __file__, "timed": ["x on y"]}), flush=True)
for line in sys.stdin:
    time.sleep(PAUSE)
    print(json.dumps({"predict x on y": SECONDS}), flush=True)
"""


def commit_worker(repository, *, seconds, pause=0):
    """A revision of a checkout whose worker tells fixed seconds."""
    package = repository / "zsbench" / "cli"
    package.mkdir(parents=True, exist_ok=True)
    for path in (package.parent / "__init__.py", package / "__init__.py", repository / "pyproject.toml"):
        path.write_text("")
    text = FAKE_WORKER.replace("SECONDS", str(seconds)).replace("PAUSE", str(pause))
    (package / "repeat.py").write_text(text)
    git = ["git", "-C", str(repository), "-c", "user.name=a", "-c", "user.email=a@b"]
    for arguments in (["init", "-q"], ["add", "."], ["commit", "-qm", "one"]):
        subprocess.run([*git, *arguments], check=True)
    return subprocess.run([*git, "rev-parse", "HEAD"], capture_output=True, text=True, check=True).stdout.strip()


@pytest.fixture
def gate(tmp_path):
    """Start the gate in a repository, temporary folders and process ids noted.

    A shell lets what it runs in the background ignore SIGINT, and a child inherits that; a handler is not inherited.
    """
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    started = []
    for name in ("repository", "temporary", "notes", "cache"):
        (tmp_path / name).mkdir()
    environment = {
        **os.environ,
        "TMPDIR": str(tmp_path / "temporary"),
        "NOTES": str(tmp_path / "notes"),
        "ZSBENCH_CACHE": str(tmp_path / "cache"),
        "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
    }

    def _gate(*arguments):
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "zsbench", "gate", "--speed", *arguments],
            cwd=tmp_path / "repository",
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield _gate
    for process in started:
        process.kill()
        process.communicate()
    signal.signal(signal.SIGINT, before)


def lives(pid):
    """Whether a process is there."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def left_behind(tmp_path):
    """Processes that live, and files of temporary folders."""
    workers = [int(path.name) for path in (tmp_path / "notes").iterdir()]
    return [pid for pid in workers if lives(pid)], list((tmp_path / "temporary").iterdir())


@pytest.mark.parametrize(("seconds", "code", "verdict"), [(1.0, 0, "PASS"), (1.3, 1, "FAIL")])
def test_two_revisions_are_compared(gate, tmp_path, seconds, code, verdict):
    """Each runs its own code; nothing is left behind."""
    base = commit_worker(tmp_path / "repository", seconds=1.0)
    commit_worker(tmp_path / "repository", seconds=seconds, pause=0.001)
    process = gate("--base", base, "--head", "HEAD", "--rounds", "4")
    printed, told = process.communicate(timeout=120)
    assert (process.returncode, f"\n{verdict}: 4 pairs by turns" in printed) == (code, True), told
    assert f"predict x on y: 1.000 s -> {seconds:.3f} s" in printed
    assert "[4/4] base 1.00 s" in told
    assert left_behind(tmp_path) == ([], [])


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_gate_that_is_ended_leaves_nothing_behind(gate, tmp_path, number, code):
    """Neither workers in the middle of a measurement, nor folders, nor a working tree; and it is no regression."""
    base = commit_worker(tmp_path / "repository", seconds=1.0, pause=60)
    process = gate("--base", base, "--head", base)
    while "ready" not in (line := process.stderr.readline()) or "head" not in line:
        assert line, "the gate ended early"
    time.sleep(0.2)  # it measures now
    assert len(list((tmp_path / "notes").iterdir())) == 2
    process.send_signal(number)
    process.communicate(timeout=60)
    assert process.returncode == code
    assert left_behind(tmp_path) == ([], [])
    git = ["git", "-C", str(tmp_path / "repository")]
    state = subprocess.run([*git, "worktree", "list"], capture_output=True, text=True, check=True).stdout
    assert len(state.splitlines()) == 1
    assert not subprocess.run([*git, "status", "--porcelain"], capture_output=True, text=True, check=True).stdout
