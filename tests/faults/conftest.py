"""Faults take many minutes, so they are asked for: ``tox -e faults``."""

from __future__ import annotations

import os
import time

import pytest

import zsbench_faults as faults


def pytest_collection_modifyitems(items):
    """Skip unless asked for."""
    if os.environ.get("ZSBENCH_FAULTS") != "1":
        for item in items:
            if "faults" in item.path.parts:
                item.add_marker(pytest.mark.skip(reason="asked for with ZSBENCH_FAULTS=1, as `tox -e faults` does"))


@pytest.fixture(scope="session")
def undisturbed(tmp_path_factory):
    """A run that nothing happened to: its place, and how long it took."""
    place = faults.Place.under(tmp_path_factory.mktemp("undisturbed"), "calm")
    began = time.monotonic()
    code, said = faults.finish(place)
    assert code == 0, said
    return place, time.monotonic() - began
