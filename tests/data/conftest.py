"""A registry of the fakes, and their world."""

from __future__ import annotations

import pytest

import zsbench_fakes
from zsbench.plugins import load_plugins


@pytest.fixture
def registry():
    """Knows the fakes."""
    return load_plugins([zsbench_fakes.FAKES]).registry


@pytest.fixture
def world(tmp_path):
    """The data root of the fakes."""
    return zsbench_fakes.write_world(tmp_path)
