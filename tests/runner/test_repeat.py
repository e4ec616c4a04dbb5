"""Predictions made again and again: what is timed, and that nothing else is made."""

from __future__ import annotations

import pytest

from zsbench.errors import ConfigError
from zsbench.runner.repeat import Repeater
from zsbench.runner.workbench import Workbench


@pytest.fixture
def repeater(session):
    """Of the fakes; keyword arguments override the matrix."""

    def _repeater(**overrides):
        made = session(**overrides)
        return Repeater(made.plan(), Workbench(made.store, made.plugins.registry), "cpu", 1)

    return _repeater


def test_predictions_are_timed_and_forgotten(repeater, tmp_path):
    """Every captioner once a measurement; the store has what they wait for, and nothing of them."""
    made = repeater()
    made.prepare()
    first, second = made.measure(), made.measure()
    assert list(first) == list(second) == [f"predict {stage.label}" for stage in made.timed]
    assert len(first) == 3
    assert all(seconds > 0 for seconds in first.values())
    kinds = {path.name for path in (tmp_path / "cache" / "store").iterdir() if any(path.iterdir())}
    assert "train" in kinds
    assert not kinds & {"predict", "score", "references", "compare"}


def test_what_cannot_be_made_is_told(repeater, monkeypatch):
    """Nothing is timed on half of a preparation."""
    monkeypatch.setattr("zsbench.runner.stage.encode_images", lambda *_: 1 / 0)
    with pytest.raises(ConfigError, match=r"image-features of .* failed: ZeroDivisionError"):
        repeater().prepare()
