"""The built-in encoder keeps the contract of one with the embedded weights."""

from __future__ import annotations

from pathlib import Path

import pytest

import zsbench_pocket

WEIGHTS = Path(zsbench_pocket.__file__).parent / "weights" / "encoder"


@pytest.mark.zsbench("encoder", "open-clip", settings={"model": str(WEIGHTS)})
def test_conformance(zsbench_check):
    """Each check of the conformance kit is a test of its own."""
    assert zsbench_check().status == "passed"
