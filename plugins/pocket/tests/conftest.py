"""The world, written once for all tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from zsbench_pocket.world.layout import materialize


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data root of the default seed."""
    return materialize(tmp_path_factory.mktemp("cache"))
