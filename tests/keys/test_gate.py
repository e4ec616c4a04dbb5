"""A captioner that was broken after the last run fails the gate, and a dry run says what changed."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

CAPTIONER = """
from zsbench.hookspecs import hookimpl
from zsbench.interfaces import Candidate, Caption, Captioner, CaptionerSpec


class Says(Captioner):
    def load(self, resources):
        pass

    def caption(self, batch):
        return [Caption((Candidate(f"a red dog on the {id_} street"),)) for id_ in batch.ids]


class AlsoSays(Says):
    pass


@hookimpl
def zsbench_captioners():
    return [CaptionerSpec(id="says", factory=Says), CaptionerSpec(id="also-says", factory=AlsoSays)]
"""


@pytest.fixture
def zsbench(tmp_path, cache):
    """Runs the command line in a folder of its own, with a plugin file."""
    plugin = tmp_path / "captioner.py"
    plugin.write_text(CAPTIONER, encoding="utf-8")
    environment = {**os.environ, "ZSBENCH_CACHE": str(cache), "CI": "true"}

    def call(*arguments):
        command = [sys.executable, "-m", "zsbench", "-p", str(plugin), *arguments]
        return subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, env=environment, check=False)

    call.plugin = plugin
    return call


RUN = ["run", "--captioners", "says,also-says", "--tasks", "coco-karpathy-test", "--limit", "10"]


def test_captioners_that_are_broken_after_a_run_fail_the_gate(zsbench, tmp_path):
    """The store serves nothing of code that is no longer there."""
    assert zsbench(*RUN).returncode == 0
    kept = zsbench("gate", "results/latest", "--baseline", "results", "--update-baseline", "--revision", "first")
    assert kept.returncode == 0, kept.stderr
    text = zsbench.plugin.read_text(encoding="utf-8")
    zsbench.plugin.write_text(text.replace('f"a red dog on the {id_} street"', '"xxx yyy"'), encoding="utf-8")
    assert zsbench(*RUN).returncode == 0
    judged = zsbench("gate", "results/latest", "--baseline", "results")
    assert judged.returncode == 1, judged.stdout + judged.stderr
    assert judged.stdout.count("FAIL ") >= 2
    assert "no caption" not in judged.stdout


def test_a_dry_run_says_which_part_of_a_key_changed(zsbench):
    """Code of which module, which setting; what follows from it is named as such."""
    assert zsbench(*RUN).returncode == 0
    assert "changed" not in zsbench(*RUN, "--dry-run").stdout
    text = zsbench.plugin.read_text(encoding="utf-8")
    zsbench.plugin.write_text(text.replace("red", "blue"), encoding="utf-8")
    dry = zsbench(*RUN, "--dry-run").stdout
    assert "to make     predict         says on coco-karpathy-test, seed 0" in dry
    assert "code of zsbench_local_captioner" in dry
    assert "predict of says on coco-karpathy-test, seed 0 changed" in dry
    threads = zsbench(*RUN, "--dry-run", "--set", "threads=2").stdout
    assert "threads: 1 -> 2" in threads


def test_what_was_edited_while_it_was_made_is_not_kept(zsbench):
    """Nobody knows which of both it is of; the next run makes it."""
    text = zsbench.plugin.read_text(encoding="utf-8")
    edits = "Path(__file__).write_text(Path(__file__).read_text().replace('red', 'blue'))"
    slow = text.replace("        pass\n", f"        {edits}\n", 1).replace(
        "\nfrom zsbench", "from pathlib import Path\n\nfrom zsbench", 1
    )
    zsbench.plugin.write_text(slow, encoding="utf-8")
    done = zsbench(*RUN[:2], "says", *RUN[3:])
    assert done.returncode == 4, done.stdout + done.stderr
    assert "changed while predict of says on coco-karpathy-test, seed 0 was made" in done.stdout
    assert zsbench(*RUN[:2], "says", *RUN[3:]).returncode == 0
