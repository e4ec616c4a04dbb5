"""Every task keeps the contract of one on the embedded data."""

from __future__ import annotations

import pytest

from zsbench_tasks.plugin import zsbench_tasks


@pytest.mark.zsbench("task", [spec.id for spec in zsbench_tasks()], data_root="pocket")
def test_conformance(zsbench_check):
    """Each check of the conformance kit is a test of its own."""
    assert zsbench_check().status == "passed"
