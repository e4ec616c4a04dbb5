"""What a stage is given: what is loaded once and kept."""

from __future__ import annotations

import pytest

import zsbench_fakes
from zsbench.plugins import load_plugins
from zsbench.stages import MetricSet, StageContext
from zsbench.store import Store


@pytest.fixture
def context(tmp_path):
    return StageContext(Store(tmp_path))


@pytest.fixture
def chosen():
    """Give the metrics under some ids."""
    registry = load_plugins([zsbench_fakes.FAKES]).registry
    return lambda *ids: MetricSet.find(ids, registry)


def test_metrics_are_made_once(context, chosen):
    """Two cells share a metric and whatever it keeps."""
    assert context.metrics(chosen("words", "exact"))[0] is context.metrics(chosen("words"))[0]


def test_closing_closes_every_metric(context, chosen, monkeypatch):
    """What a metric keeps is released at the end of a run."""
    closed = []
    monkeypatch.setattr(zsbench_fakes.WordCount, "close", lambda self: closed.append(self.id))
    context.metrics(chosen("words", "exact"))
    context.close()
    assert sorted(closed) == ["exact", "words"]


def test_what_was_made_under_a_name_is_kept(context):
    """It is made when it is first asked for."""
    made = []
    assert [context.once("key", lambda: made.append(1) or len(made)) for _ in range(3)] == [1, 1, 1]


def test_the_output_of_a_stage_is_in_the_store(context, session):
    """Under its kind and its key."""
    stage = session().plan().cells[0].prediction
    assert context.output(stage) == context.store.root / "predict" / stage.key
