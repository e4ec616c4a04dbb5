"""What a speed gate times: commands by the clock, runs by their prediction stages."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from zsbench.errors import ConfigError
from zsbench.gate.stopwatch import CommandSide, RunSide, checkout

FAKE_ZSBENCH = """
import json, os, pathlib, sys
output = pathlib.Path(sys.argv[sys.argv.index("--output") + 1]) / "one"
store = pathlib.Path(os.environ["ZSBENCH_CACHE"]) / "store"
cached = (store / "predict").exists()
(store / "predict").mkdir(parents=True, exist_ok=True)
(store / "train").mkdir(exist_ok=True)
output.mkdir(parents=True)
state = "cached" if cached else "done"
stages = [{"kind": "predict", "label": "x", "state": state, "seconds": 0.25}, {"kind": "train", "label": "x", "state": "done", "seconds": 9}]
note = {"arguments": sys.argv[1:], "threads": os.environ["OMP_NUM_THREADS"]}
(output / "run.json").write_text(json.dumps({"stages": stages, **note}))
(output.parent / "latest").symlink_to("one")
"""


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


def test_a_run_is_timed_by_its_predictions_every_time(tmp_path):
    """Predictions are forgotten in between, trainings are kept; the checkout's own code runs."""
    code = tmp_path / "code"
    (code / "zsbench").mkdir(parents=True)
    (code / "pyproject.toml").write_text("")
    (code / "zsbench" / "__init__.py").write_text("")
    (code / "zsbench" / "__main__.py").write_text(FAKE_ZSBENCH)
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    for kind in ("predict", "train"):
        (tmp_path / "warm" / "store" / kind / "key").mkdir(parents=True)
        (tmp_path / "warm" / "store" / kind / "key" / "file").write_text("made before")
    side = RunSide(code, scratch, ["--limit", "5"], threads=2, warm=tmp_path / "warm")
    assert side() == side() == {"x": 0.25}
    assert (scratch / "cache" / "store" / "train" / "key" / "file").read_text() == "made before"
    assert not (scratch / "cache" / "store" / "predict" / "key").exists()
    assert (tmp_path / "warm" / "store" / "predict" / "key" / "file").exists()
    run = json.loads(next((scratch / "runs").glob("*/run.json")).read_text())
    assert run["arguments"][:5] == ["run", "--set", "threads=2", "--limit", "5"]
    assert run["threads"] == "2"


def test_a_side_is_a_folder_or_a_revision(tmp_path, monkeypatch):
    """A revision is checked out aside and removed again."""
    repository = tmp_path / "repository"
    repository.mkdir()
    git = ["git", "-C", str(repository), "-c", "user.name=a", "-c", "user.email=a@b"]
    subprocess.run([*git[:3], "init", "-q"], check=True)
    (repository / "file").write_text("one")
    subprocess.run([*git, "add", "."], check=True)
    subprocess.run([*git, "commit", "-qm", "one"], check=True)
    monkeypatch.chdir(repository)
    with checkout(".", tmp_path) as folder:
        assert folder == repository
    with checkout("HEAD", tmp_path) as folder:
        assert (folder / "file").read_text() == "one"
        assert folder != repository
    assert not folder.exists()
    for wrong in ("no-such-revision", "--force"):
        with pytest.raises(ConfigError, match="neither a folder nor a git revision"), checkout(wrong, tmp_path):
            pass
