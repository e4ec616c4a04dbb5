"""Progress: bars for who watches, few lines for a log."""

from __future__ import annotations

import io
import sys

import pytest
from rich.console import Console

from zsbench.cli.progress import BarReporter, LineReporter, make_reporter
from zsbench_stages import FakeStage

TRAINING = FakeStage(kind="train", label="maccap on captions")


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
        "... train: maccap on captions: 150 of 1,000, 500 tokens/s, 0:01:25 left",
        "... train: maccap on captions: 300 of 1,000, 500 tokens/s, 0:01:10 left",
        "... train: maccap on captions: 600 of 1,000, 500 tokens/s, 0:00:40 left",
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


def test_what_a_killed_run_did_does_not_count(clock):
    """A training that is taken up at step 900 is as fast as the steps that it takes now."""
    stream = io.StringIO()
    reporter = LineReporter(stream, clock)
    reporter.stage_advanced(TRAINING, 900, 1000)
    clock.now = 20.0
    reporter.stage_advanced(TRAINING, 920, 1000)
    assert stream.getvalue() == "... train: maccap on captions: 920 of 1,000, 0:01:20 left\n"


def show(reporter):
    """The bars as lines, the whole run's first."""
    shown = io.StringIO()
    Console(file=shown, width=160).print(reporter.progress.get_renderable())
    return shown.getvalue().splitlines()


def test_bars_show_tokens_a_second_and_what_a_stage_has_left(clock):
    """The upper bar counts stages; what a killed run did, here 200 steps, counts for nothing."""
    with BarReporter(Console(file=io.StringIO(), width=160), clock) as reporter:
        reporter.run_started(3)
        reporter.stage_started(TRAINING)
        for step in range(3):
            reporter.stage_advanced(TRAINING, 200 + 100 * step, 1000, 8000 * step)
            clock.now += 40.0
        whole, part = show(reporter)
        assert "0/3" in whole
        assert "-:--:--" not in whole
        assert "400/1000" in part
        assert "0:04:00" in part
        assert "200 tokens/s" in part
        reporter.stage_finished(TRAINING, 120.0)
        [whole] = show(reporter)
        assert "1/3" in whole
