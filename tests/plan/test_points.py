"""Which cells a matrix has, before any stage is made."""

from __future__ import annotations

import pytest

import zsbench_fakes
from zsbench.components import CorpusChoice, DataPlace, TaskChoice
from zsbench.config import read_matrix
from zsbench.errors import ConfigError
from zsbench.fingerprints import FileHashes
from zsbench.plan.axes import iter_axes
from zsbench.plan.points import iter_points
from zsbench.plugins import load_plugins


@pytest.fixture
def points_of(tmp_path):
    """(captioner, task, route) of each point, for overrides of the fakes' matrix; no data are there."""
    registry = load_plugins([zsbench_fakes.FAKES]).registry

    def _points(**overrides):
        matrix = read_matrix(zsbench_fakes.matrix_file(), overrides)
        place = DataPlace(tmp_path, FileHashes(None))
        tasks = [TaskChoice(id_, registry, place, limit=None) for id_ in matrix.tasks]
        corpora = [CorpusChoice(id_, registry, tmp_path, {}) for id_ in matrix.corpora]
        points = iter_points(matrix, iter_axes(matrix, registry, corpora), tasks)
        return [(point.axis.captioner.id, point.task.id, point.route) for point in points]

    return _points


def test_captioners_come_before_tasks(points_of):
    """In the order of the matrix; captions have no route."""
    assert points_of(captioners=["nearest", "fake"], baseline="fake", tasks=["fake-task", "fake-grouped"]) == [
        ("nearest", "fake-task", ""),
        ("nearest", "fake-grouped", ""),
        ("fake", "fake-task", ""),
        ("fake", "fake-grouped", ""),
    ]


@pytest.mark.parametrize(
    ("routes", "found"),
    [
        (["auto"], [("answering", "features"), ("nearest", "caption")]),
        (["caption"], [("answering", "caption"), ("nearest", "caption")]),
        (["features", "caption"], [("answering", "features"), ("answering", "caption"), ("nearest", "caption")]),
        (["auto", "caption"], [("answering", "features"), ("answering", "caption"), ("nearest", "caption")]),
    ],
)
def test_routes_are_those_a_captioner_has(points_of, routes, found):
    """Each once; a captioner without answers of its own is read."""
    asked = {"captioners": ["answering", "nearest"], "baseline": "answering", "tasks": ["fake-questions"]}
    points = points_of(**asked, answering={"routes": routes})
    assert [(captioner, route) for captioner, _, route in points] == found


def test_features_alone_of_a_captioner_without_are_refused(points_of):
    """The other route is named."""
    with pytest.raises(ConfigError, match="routes=\\[features, caption\\]"):
        points_of(tasks=["fake-questions"], answering={"routes": ["features"]})
