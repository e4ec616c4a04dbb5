"""Every built-in metric keeps the contract of one."""

from __future__ import annotations

import pytest

from zsbench.builtins import METRICS


@pytest.mark.zsbench("metric", list(METRICS))
def test_conformance(zsbench_check):
    """Each check of the conformance kit is a test of its own."""
    assert zsbench_check().status == "passed"
