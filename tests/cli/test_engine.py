"""The options of a cluster."""

from __future__ import annotations

import pytest

from zsbench.cli.engine import check_engine
from zsbench.errors import ConfigError


@pytest.mark.parametrize(
    ("address", "store", "named"), [("auto", "", "--address auto"), ("", "s3://b", "--store s3://b")]
)
def test_options_of_a_cluster_are_refused_for_one_machine(address, store, named):
    """They would be forgotten in silence."""
    with pytest.raises(ConfigError, match=f"{named} is given, and the engine is `local`"):
        check_engine("local", address, store)


@pytest.mark.parametrize("engine", ["ray", "one-of-a-plugin"])
def test_every_other_engine_may_have_them(engine):
    """Whose they are is its own business."""
    assert check_engine(engine, "auto", "s3://b") is None
