"""How fast a stage goes, how long it and the run have left."""

from __future__ import annotations

import pytest

from zsbench.runner.pace import Forecast, Pace, tell_seconds


class Clock:
    """A clock that is set by hand."""

    now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


def test_a_first_word_tells_no_pace(clock):
    """Nothing has moved yet."""
    reading = Pace(clock).read(5, 100)
    assert (reading.left, reading.tokens_per_second) == (None, None)
    assert str(reading) == "5 of 100"


def test_what_is_left_follows_from_what_has_moved(clock):
    """Ten of ninety in five seconds: 40 more, and 200 tokens a second."""
    pace = Pace(clock)
    pace.read(10, 100, 0)
    clock.now += 5.0
    reading = pace.read(20, 100, 1000)
    assert reading.left == pytest.approx(40.0)
    assert reading.tokens_per_second == pytest.approx(200.0)
    assert str(reading) == "20 of 100, 200 tokens/s, 40 s left"


def test_what_a_killed_run_did_does_not_count(clock):
    """A training that is taken up at step 900 is as fast as the steps that it takes now."""
    pace = Pace(clock)
    pace.read(900, 1000)
    clock.now += 10.0
    assert pace.read(910, 1000).left == pytest.approx(90.0)


def test_a_run_has_left_what_its_longest_stage_has(clock):
    """Two stages at once end when the longer does; time that passes is taken off."""
    forecast = Forecast(clock)
    forecast.begin(2)
    forecast.note_running("a", 30.0)
    forecast.note_running("b", 50.0)
    assert forecast.left() == pytest.approx(50.0)
    clock.now += 20.0
    assert forecast.left() == pytest.approx(30.0)


def test_nothing_is_told_before_a_stage_has_ended_while_others_wait(clock):
    """Nobody knows yet what a stage takes."""
    forecast = Forecast(clock)
    forecast.begin(3)
    assert forecast.left() is None
    forecast.note_running("a", 30.0)
    assert forecast.left() is None


def test_stages_that_wait_take_what_stages_took(clock):
    """Two stages in ten seconds: four more take twenty, beside what the running one has left."""
    forecast = Forecast(clock)
    forecast.begin(6)
    clock.now += 10.0
    forecast.note_ended("a")
    forecast.note_ended("b")
    assert forecast.left() == pytest.approx(20.0)
    clock.now += 5.0
    forecast.note_running("c", 7.0)
    assert forecast.left() == pytest.approx(7.0 + 3 * 15.0 / 3)


@pytest.mark.parametrize(("seconds", "text"), [(40.4, "40 s"), (160, "2 min 40 s"), (3900, "1 h 5 min")])
def test_seconds_are_told_as_people_do(seconds, text):
    """Two units at most."""
    assert tell_seconds(seconds) == text
