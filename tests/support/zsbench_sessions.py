"""A session on the fakes, as fixtures: a conftest imports those that its tests use."""

from __future__ import annotations

import pytest

import zsbench_fakes
from zsbench.config import read_matrix
from zsbench.plugins import load_plugins
from zsbench.runner.reporter import Silent
from zsbench.runner.session import RunOptions, Session


class Notes(Silent):
    """Keeps what it is told."""

    def __init__(self):
        self.remarks, self.finished, self.failed = [], [], []

    def remark(self, text):
        self.remarks.append(text)

    def stage_finished(self, stage, seconds):
        self.finished.append(stage.kind)

    def stage_failed(self, stage, reason):
        self.failed.append((stage.kind, reason))


@pytest.fixture
def notes():
    return Notes()


@pytest.fixture
def session(tmp_path, notes):
    """Build a session; keyword arguments override the matrix, ``options`` the run."""
    plugins = load_plugins([zsbench_fakes.FAKES])

    def _session(*, options=None, **overrides):
        matrix = read_matrix(zsbench_fakes.matrix_file(), overrides)
        told = RunOptions(matrix, tmp_path / "results", tmp_path / "cache", **(options or {}))
        return Session(told, plugins, notes)

    return _session
