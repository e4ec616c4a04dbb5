"""Faults take many minutes, so they are asked for: ``tox -e faults``.

``ZSBENCH_KILLS`` and ``ZSBENCH_CORRUPTIONS`` ask for other numbers than 50 and 20.
"""

from __future__ import annotations

import os
import sys
import time
from collections import Counter
from dataclasses import dataclass

import pytest

import zsbench_faults as faults

COUNTS = pytest.StashKey[Counter]()


@dataclass(frozen=True)
class Calm:
    """A run that nothing happened to.

    Attributes:
        place: Its cache and results.
        texts: The corpus of every run.
        seconds: How long it took from an empty cache.
    """

    place: faults.Place
    texts: object
    seconds: float

    def start(self, place, *more, before=""):
        """Start the same run at another place."""
        return faults.start(place, *more, texts=self.texts, before=before)

    def finish(self, place, *more, before=""):
        """Run to the end; exit code and what was said."""
        return faults.end(self.start(place, *more, before=before))

    def check_resumed(self, place):
        """Assert that the same command, run once more, ends well and with the same bytes."""
        code, said = self.finish(place)
        assert code == 0, said
        assert place.samples() == self.place.samples()


def pytest_configure(config):
    """Begin to count."""
    config.stash[COUNTS] = Counter()


def pytest_collection_modifyitems(items):
    """Skip unless asked for."""
    if os.environ.get("ZSBENCH_FAULTS") != "1":
        for item in items:
            if "faults" in item.path.parts:
                item.add_marker(pytest.mark.skip(reason="asked for with ZSBENCH_FAULTS=1, as `tox -e faults` does"))


def pytest_terminal_summary(terminalreporter, config):
    """What was survived, of how much."""
    counts = config.stash[COUNTS]
    for what in sorted((name for kind, name in counts if kind == "all"), reverse=True):
        terminalreporter.write_line(f"{what} {counts['survived', what]}/{counts['all', what]}")


@pytest.fixture(scope="session")
def count(pytestconfig):
    """Count a fault: what it was, and whether the run came through."""
    counts = pytestconfig.stash[COUNTS]
    capture = pytestconfig.pluginmanager.get_plugin("capturemanager")

    def _count(what, survived):
        counts["all", what] += 1
        counts["survived", what] += bool(survived)
        with capture.global_and_fixture_disabled():
            sys.stdout.write(f"\n{what} {counts['survived', what]}/{counts['all', what]}")
            sys.stdout.flush()

    return _count


@pytest.fixture(scope="session")
def calm(tmp_path_factory):
    """The run that every other one is compared with."""
    folder = tmp_path_factory.mktemp("calm")
    place, texts = faults.Place.under(folder, "calm"), faults.write_texts(folder / "texts.txt")
    began = time.monotonic()
    code, said = faults.end(faults.start(place, texts=texts))
    assert code == 0, said
    return Calm(place, texts, time.monotonic() - began)
