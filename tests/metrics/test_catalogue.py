import pytest

from zsbench.builtins import METRICS
from zsbench.interfaces.metric import Metric
from zsbench.metrics import catalogue


@pytest.mark.parametrize("id_", METRICS)
def test_every_built_in_metric_has_a_factory(id_):
    """The function under the id makes a metric with this id, printed times 100."""
    metric = getattr(catalogue, id_.replace("-", "_"))()
    assert isinstance(metric, Metric)
    assert metric.id == id_
    assert metric.factor == 100.0
    assert _plain(metric.title) == _plain(id_)


def _plain(name):
    """A name without what ids and titles spell differently."""
    return name.lower().replace("-", "").replace(" ", "")
