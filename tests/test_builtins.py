"""What the core itself registers."""

from __future__ import annotations

import pytest

from zsbench.builtins import METRICS, zsbench_metrics
from zsbench.interfaces.metric import Metric
from zsbench.registry import load_object


@pytest.mark.parametrize("spec", zsbench_metrics(), ids=list(METRICS))
def test_every_built_in_metric_has_a_factory(spec):
    """What a spec names makes a metric with the spec's id, printed times 100."""
    metric = load_object(spec.factory)()
    assert isinstance(metric, Metric)
    assert metric.id == spec.id
    assert metric.factor == 100.0
    assert _plain(metric.title) == _plain(spec.id)


def _plain(name):
    """A name without what ids and titles spell differently."""
    return name.lower().replace("-", "").replace(" ", "")
