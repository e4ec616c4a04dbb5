"""Progress: bars for who watches, few lines for a log."""

from __future__ import annotations

import io
import sys

import pytest
from rich.console import Console

from zsbench.cli.progress import BarReporter, LineReporter, make_reporter
from zsbench.plan import Stage

TRAINING = Stage("train", "k", "maccap on captions", (), {}, None)


class Clock:
    """A clock that is set by hand."""

    now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize(
    ("stream", "ci", "expected"),
    [(Terminal(), "", BarReporter), (Terminal(), "true", LineReporter), (io.StringIO(), "", LineReporter)],
)
def test_bars_are_for_a_terminal_that_somebody_watches(monkeypatch, stream, ci, expected):
    """A pipe and a CI service get lines."""
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setenv("CI", ci)
    assert type(make_reporter()) is expected


def test_a_long_training_tells_early_how_it_goes_and_then_rarely(clock):
    """After 15 s, then after twice as long each time: tokens a second and what is left; short stages say nothing."""
    stream = io.StringIO()
    reporter = LineReporter(stream, clock)
    reporter.run_started(1)
    for second in range(101):
        clock.now = float(second)
        reporter.stage_advanced(TRAINING, second * 10, 1000, second * 500)
    lines = stream.getvalue().splitlines()
    assert lines == [
        "... train: maccap on captions: 150 of 1,000, 500 tokens/s, 1 min 25 s left",
        "... train: maccap on captions: 300 of 1,000, 500 tokens/s, 1 min 10 s left",
        "... train: maccap on captions: 600 of 1,000, 500 tokens/s, 40 s left",
    ]


def test_a_short_stage_is_one_line(clock):
    """Its end."""
    stream = io.StringIO()
    reporter = LineReporter(stream, clock)
    reporter.run_started(1)
    reporter.stage_started(TRAINING)
    reporter.stage_advanced(TRAINING, 1, 10)
    clock.now = 14.0
    reporter.stage_advanced(TRAINING, 9, 10)
    reporter.stage_finished(TRAINING, 14.0)
    assert stream.getvalue() == "[1/1] train: maccap on captions (14.0 s)\n"


def test_bars_show_tokens_a_second_and_what_stage_and_run_have_left(clock):
    """Of the training in its own bar, of the whole in the upper one."""
    console = Console(file=io.StringIO(), width=160)
    with BarReporter(console, clock) as reporter:
        reporter.run_started(1)
        reporter.stage_started(TRAINING)
        reporter.stage_advanced(TRAINING, 0, 1000)
        clock.now = 20.0
        reporter.stage_advanced(TRAINING, 200, 1000, 8000)
        shown = io.StringIO()
        Console(file=shown, width=160).print(reporter.progress.get_renderable())
    whole, part = shown.getvalue().splitlines()
    assert "about 1 min 20 s left" in whole
    assert "200/1000" in part
    assert "1 min 20 s left" in part
    assert "400 tokens/s" in part
