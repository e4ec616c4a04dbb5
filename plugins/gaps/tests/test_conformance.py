"""Every gap model keeps the contract of one."""

from __future__ import annotations

import pytest

from zsbench_gaps.plugin import zsbench_gap_models


@pytest.mark.zsbench("gap-model", [spec.id for spec in zsbench_gap_models()])
def test_conformance(zsbench_check):
    """Each check of the conformance kit is a test of its own."""
    assert zsbench_check().status == "passed"
