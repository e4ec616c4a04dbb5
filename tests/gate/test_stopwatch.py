"""What a speed gate times: commands by the clock, captioning by workers."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from zsbench.errors import ConfigError
from zsbench.gate.stopwatch import CommandSide, checkout, start_worker

FAKE_WORKER = """
import json, os, pathlib, sys, time
order = json.loads(sys.argv[1])
store = pathlib.Path(os.environ["ZSBENCH_CACHE"]) / "store"
note = {"order": order, "threads": os.environ["OMP_NUM_THREADS"], "kinds": sorted(p.name for p in store.glob("*"))}
pathlib.Path("note.json").write_text(json.dumps(note))
if "dies" in order["captioners"]:
    raise SystemExit("it has no captioner of this name")
print(json.dumps({"code": __file__, "timed": ["x on y"]}), flush=True)
for line in sys.stdin:
    print(json.dumps({"predict x on y": 0.25}), flush=True)
"""
ORDER = {"matrix": "", "captioners": ["x"], "tasks": [], "limit": 5, "threads": 2}


@pytest.fixture
def code(tmp_path):
    """A checkout whose worker is a fake."""
    root = tmp_path / "code"
    (root / "zsbench" / "cli").mkdir(parents=True)
    (root / "pyproject.toml").write_text("")
    for package in ("zsbench", "zsbench/cli"):
        (root / package / "__init__.py").write_text("")
    (root / "zsbench" / "cli" / "repeat.py").write_text(FAKE_WORKER)
    return root


@pytest.fixture
def scratch(tmp_path):
    folder = tmp_path / "scratch"
    folder.mkdir()
    return folder


def test_a_command_is_timed_by_the_clock(tmp_path):
    """With fixed threads, in the folder it belongs to."""
    side = CommandSide.parse(
        f"{sys.executable} -c \"import os; open('seen','w').write(os.environ['OMP_NUM_THREADS'])\"", tmp_path, 3
    )
    assert side()["command"] > 0
    assert (tmp_path / "seen").read_text() == "3"


def test_a_command_that_fails_is_no_measurement(tmp_path):
    """It is neither a regression nor a pass."""
    with pytest.raises(ConfigError, match="no luck"):
        CommandSide.parse(f"{sys.executable} -c \"raise SystemExit('no luck')\"", tmp_path, 1)()
    with pytest.raises(ConfigError, match="no-such-program"):
        CommandSide.parse("no-such-program", tmp_path, 1)()


def test_a_worker_times_as_often_as_it_is_asked(code, scratch, tmp_path):
    """By its own clock, on what another cache already holds, predictions aside; it ends with the block."""
    for kind in ("predict", "train"):
        (tmp_path / "warm" / "store" / kind / "key").mkdir(parents=True)
        (tmp_path / "warm" / "store" / kind / "key" / "file").write_text("made before")
    with start_worker(code, scratch, ORDER, warm=tmp_path / "warm") as worker:
        worker.get_ready(code)
        assert worker.timed == ["x on y"]
        assert worker() == worker() == {"predict x on y": 0.25}
    note = json.loads((scratch / "note.json").read_text())
    assert note == {"order": ORDER, "threads": "2", "kinds": ["train"]}
    assert (scratch / "cache" / "store" / "train" / "key" / "file").read_text() == "made before"


def test_a_worker_that_ends_is_no_measurement(code, scratch):
    """What it said last is told."""
    with (
        start_worker(code, scratch, {**ORDER, "captioners": ["dies"]}) as worker,
        pytest.raises(ConfigError, match="no captioner of this name"),
    ):
        worker.get_ready(code)


def test_a_worker_runs_the_code_of_its_checkout(code, scratch, tmp_path):
    """Else one side would be measured against itself; a checkout that cannot be timed is refused."""
    with start_worker(code, scratch, ORDER) as worker, pytest.raises(ConfigError, match="own checkout"):
        worker.get_ready(tmp_path / "elsewhere")
    with pytest.raises(ConfigError, match="later revision"), start_worker(tmp_path, scratch, ORDER):
        pass


def test_a_side_is_a_folder_or_a_revision(tmp_path, monkeypatch):
    """A revision is written aside and removed again; the repository is only read."""
    repository = tmp_path / "repository"
    repository.mkdir()
    git = ["git", "-C", str(repository), "-c", "user.name=a", "-c", "user.email=a@b"]
    subprocess.run([*git[:3], "init", "-q"], check=True)
    (repository / "file").write_text("one")
    (repository / "inner").mkdir()
    subprocess.run([*git, "add", "."], check=True)
    subprocess.run([*git, "commit", "-qm", "one"], check=True)
    monkeypatch.chdir(repository)
    with checkout(".", tmp_path) as folder:
        assert folder == repository
    with checkout("HEAD", tmp_path) as folder:
        assert (folder / "file").read_text() == "one"
        assert folder != repository
        state = subprocess.run([*git, "worktree", "list"], capture_output=True, text=True, check=True).stdout
        assert len(state.splitlines()) == 1
    assert not folder.exists()
    monkeypatch.chdir(repository / "inner")
    with checkout("HEAD", tmp_path) as folder:
        assert (folder / "file").read_text() == "one"
    for wrong in ("no-such-revision", "--force"):
        with pytest.raises(ConfigError, match="neither a folder nor a git revision"), checkout(wrong, tmp_path):
            pass
