"""Every ablation keeps the contract of a captioner."""

from __future__ import annotations

import pytest

from zsbench_ablations.plugin import IDEAS


@pytest.mark.zsbench("captioner", [idea.ID for idea in IDEAS], settings={"training": {"steps": 3}})
def test_conformance(zsbench_check):
    """Each check of the conformance kit is a test of its own."""
    assert zsbench_check().status == "passed"
