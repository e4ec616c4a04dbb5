"""The process of one side of a speed gate: two messages, and nothing else on its standard output."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from zsbench.cli import repeat
from zsbench.plugins import load_plugins

HOST = EntryPoint("host", "zsbench_host", "zsbench")
ORDER = {"matrix": "fake-matrix", "captioners": ["nearest"], "tasks": [], "limit": 3, "threads": 1}


@pytest.fixture
def answers(monkeypatch, tmp_path):
    """What it answers to an order and so many lines."""
    monkeypatch.setenv("ZSBENCH_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("zsbench.plugins.load_plugins", lambda: load_plugins([HOST]))

    def _answers(lines, **changes):
        said = io.StringIO()
        monkeypatch.setattr(repeat, "_take_output", lambda: said)
        monkeypatch.setattr(sys, "stdin", io.StringIO("\n" * lines))
        repeat.main([json.dumps({**ORDER, **changes})])
        return [json.loads(line) for line in said.getvalue().splitlines()]

    return _answers


def test_it_gets_ready_and_measures_for_every_line(answers):
    """It says whose code it runs and what it times."""
    ready, *measured = answers(2)
    assert Path(ready["code"]) == Path(repeat.__file__)
    [label] = ready["timed"]
    assert "nearest" in label
    assert [list(seconds) for seconds in measured] == [[f"predict {label}"]] * 2


def test_without_a_name_the_baseline_is_timed(answers):
    """One captioner is enough to see a slow-down of what all share."""
    [ready] = answers(0, captioners=[], tasks=["fake-task"])
    assert [label.split()[0] for label in ready["timed"]] == ["fake"]


def test_whatever_else_is_printed_goes_to_standard_error():
    """A library that prints must not spoil an answer."""
    code = (
        "import os; from zsbench.cli.repeat import _say, _take_output; answers = _take_output(); "
        "print('noise', flush=True); os.write(1, b'more'); _say(answers, {'a': 1})"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ('{"a": 1}\n', "noise\nmore")


def test_an_order_that_cannot_be_followed_ends_it_with_a_message(tmp_path):
    """The gate shows the last words."""
    order = json.dumps({**ORDER, "matrix": str(tmp_path / "none.yaml")})
    done = subprocess.run(
        [sys.executable, "-m", "zsbench.cli.repeat", order], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert "none.yaml" in done.stderr
