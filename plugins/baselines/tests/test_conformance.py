"""Every baseline keeps the contract of a captioner."""

from __future__ import annotations

import pytest

from zsbench_baselines.plugin import zsbench_captioners


@pytest.mark.zsbench("captioner", [spec.id for spec in zsbench_captioners()])
def test_conformance(zsbench_check):
    """Each check of the conformance kit is a test of its own."""
    assert zsbench_check().status == "passed"
