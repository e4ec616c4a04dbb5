"""The recipes in docs/ci.md: the shell recipe runs, the workflow is valid and names flags that exist."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from typer.main import get_command

from zsbench.cli.app import app

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "docs" / "ci.md").read_text(encoding="utf-8")
FAKE = """#!{python}
import zsbench.plugins.loading, zsbench_fakes
zsbench.plugins.loading.iter_entry_points = lambda: [zsbench_fakes.FAKES]
from zsbench.cli import main
main()
"""


def block(language):
    return re.search(rf"^```{language}\n(.*?)^```", TEXT, re.DOTALL | re.MULTILINE).group(1)


@pytest.fixture
def shell(tmp_path):
    """Run a script in a folder of its own, with a zsbench that knows the fakes only."""
    program = tmp_path / "bin" / "zsbench"
    program.parent.mkdir()
    program.write_text(FAKE.format(python=sys.executable))
    program.chmod(0o755)
    environment = {
        **os.environ,
        "PATH": f"{program.parent}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "tests" / "support")]),
        "ZSBENCH_CACHE": str(tmp_path / "cache"),
    }

    def _shell(script):
        command = ["sh", "-e", "-u", "-c", script]
        return subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)

    return _shell


@pytest.mark.slow
def test_the_shell_recipe_passes_and_fails_as_it_says(shell, tmp_path):
    """A baseline is written, a job passes, and a worse run fails the job with every file in place."""
    first = shell("zsbench run --limit 200 && zsbench gate --update-baseline --revision r1")
    assert first.returncode == 0, first.stderr
    good = shell(block('sh title="gate.sh"'))
    assert (good.returncode, "as good as before" in good.stdout) == (0, True), good.stderr
    for name in ("gate.md", "gate.xml", "gate-benchmark.json", "site/index.html"):
        assert (tmp_path / name).stat().st_size > 1
    worse = block('sh title="gate.sh"').replace(
        "zsbench run --limit 200", "zsbench run --limit 200 --captioners fake --seeds 0,1"
    )
    changed = shell(worse)
    assert (changed.returncode, "too small to tell" in changed.stdout) == (0, True), changed.stderr
    refused = block('sh title="gate.sh"').replace("--limit 200", "--limit 200 --set fake.inference.candidates=1")
    assert shell(refused).returncode == 2


BENCHMARK = """
import time

def test_captioning(benchmark):
    benchmark.pedantic(time.sleep, args=({seconds},), rounds=5)
"""


@pytest.mark.slow
def test_the_speed_recipe_fails_only_when_a_benchmark_became_slower(tmp_path, monkeypatch):
    """Two revisions of a repository in one job: equal times pass, three times as long fails; both are shown."""
    head = tmp_path / "head"
    file = head / "tests" / "benchmarks" / "test_captioning.py"
    file.parent.mkdir(parents=True)
    file.write_text(BENCHMARK.format(seconds=0.03), encoding="utf-8")
    (head / "requirements.txt").write_text("", encoding="utf-8")
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")

    def run(*command):
        return subprocess.run(command, cwd=head, capture_output=True, text=True, check=False)

    author = ("-c", "user.name=a", "-c", "user.email=a@b")
    for words in (["init", "-q"], ["add", "."], [*author, "commit", "-qm", "1"]):
        assert run("git", *words).returncode == 0
    run("git", "update-ref", "refs/remotes/origin/main", "HEAD")
    script = block('sh title="speed.sh"')
    equal = run("sh", "-e", "-u", "-c", script)
    assert (equal.returncode, "(../base/base)" in equal.stdout) == (0, True), equal.stderr
    run("git", "worktree", "remove", "--force", "../base")
    file.write_text(BENCHMARK.format(seconds=0.09), encoding="utf-8")
    slower = run("sh", "-e", "-u", "-c", script)
    assert (slower.returncode, "(head)" in slower.stdout) == (1, True), slower.stderr


def test_the_chart_reads_the_file_that_the_speed_recipe_writes():
    """The action takes pytest-benchmark's own JSON."""
    [step] = yaml.safe_load(block('yaml title="chart"'))
    assert step["with"]["tool"] == "pytest"
    assert f"measure {step['with']['output-file-path']} " in block('sh title="speed.sh"')


def commands(script):
    joined = re.sub(r"\\\n\s*", " ", script)
    return [shlex.split(line, comments=True) for line in joined.splitlines() if line.strip().startswith("zsbench ")]


def test_every_flag_in_the_docs_exists():
    """In docs/ci.md, docs/gate.md and docs/leaderboard.md."""
    root = get_command(app)
    found = []
    for name in ("ci", "gate", "leaderboard"):
        text = (ROOT / "docs" / f"{name}.md").read_text(encoding="utf-8")
        for language, script in re.findall(r"^```([^\n]*)\n(.*?)^```", text, re.DOTALL | re.MULTILINE):
            found += commands(script) if language in {"", "sh", 'sh title="gate.sh"'} else []
    assert len(found) > 8
    for words in found:
        command, rest = root, words[1:]
        while rest and hasattr(command, "commands") and rest[0] in command.commands:
            command, rest = command.commands[rest[0]], rest[1:]
        known = {flag for parameter in command.params for flag in parameter.opts}
        assert {word for word in rest if word.startswith("--")} <= known, words


def test_the_workflow_is_valid_and_ends_as_the_recipe_does():
    """Its steps install, run, gate, comment and keep the pages; the cache folder is the one zsbench uses."""
    workflow = yaml.safe_load(block("yaml"))
    job = workflow["jobs"]["gate"]
    scripts = [step["run"] for step in job["steps"] if "run" in step]
    used = [step["uses"].partition("@")[0] for step in job["steps"] if "uses" in step]
    assert [script.split()[:2] for script in scripts if script.startswith("zsbench")] == [
        ["zsbench", "run"],
        ["zsbench", "gate"],
        ["zsbench", "leaderboard"],
    ]
    assert used == ["actions/checkout", "actions/setup-python", "actions/cache", "actions/upload-artifact"]
    cache = next(step for step in job["steps"] if step.get("uses", "").startswith("actions/cache"))
    assert job["env"]["ZSBENCH_CACHE"].endswith(cache["with"]["path"])
