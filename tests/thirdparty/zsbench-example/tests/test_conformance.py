"""Everything the plugin provides keeps its contract."""

import pytest


@pytest.mark.zsbench("captioner", "example-most-common")
@pytest.mark.zsbench("gap-model", "example-uniform")
@pytest.mark.zsbench("task", "example-shapes")
def test_conformance(zsbench_check):
    """Each check of the conformance kit is a test of its own."""
    assert zsbench_check().status == "passed"
