"""What the workbench makes and keeps."""

from __future__ import annotations

from dataclasses import replace

import pytest

import zsbench_fakes
from zsbench.errors import PluginContractError
from zsbench.interfaces import CaptionerNeeds
from zsbench.plugins import load_plugins
from zsbench.runner.workbench import Workbench
from zsbench.store import Store


@pytest.fixture
def bench(tmp_path):
    return Workbench(Store(tmp_path), load_plugins([zsbench_fakes.FAKES]).registry)


def test_metrics_are_made_once(bench):
    """Two cells share a metric and whatever it keeps."""
    assert bench.metrics(("words", "exact"))[0] is bench.metrics(("words",))[0]


def test_closing_closes_every_metric(bench, monkeypatch):
    """What a metric keeps is released at the end of a run."""
    closed = []
    monkeypatch.setattr(zsbench_fakes.WordCount, "close", lambda self: closed.append(self.id))
    bench.metrics(("words", "exact"))
    bench.close()
    assert sorted(closed) == ["exact", "words"]


def test_a_spec_that_tells_other_needs_than_its_class_is_refused(bench):
    """A plan made from wrong needs would starve the captioner."""
    resolved = replace(bench.registry.resolve_captioner("nearest", {}), told_needs=CaptionerNeeds(training=True))
    with pytest.raises(PluginContractError, match="other needs than its class"):
        bench.captioner(resolved)
