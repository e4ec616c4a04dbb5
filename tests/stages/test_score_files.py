"""What a score stage writes is read with the groups and images of its task."""

from __future__ import annotations

from zsbench.records import read_samples
from zsbench.stages.score_files import find_images, find_members


def test_captions_stand_alone(session):
    """Without questions no example has an image to share, and samples do not name one."""
    result = session(captioners=["nearest"], baseline="nearest").run()
    assert read_samples(result.folder, result.plan.cells[0].name)[0].image is None
    assert find_images(result.plan.cells[0].task) == {}


def test_members_of_a_group_are_those_that_were_scored():
    """In the order of the group, without the unreadable."""
    groups = {"shade": {"dark": ["navy", "black", "teal"]}}
    row = {"grouping": "shade", "group": "dark"}
    assert find_members(["teal", "red", "navy"], groups, row) == ["navy", "teal"]
    assert find_members(["teal", "red"], groups, {"grouping": None, "group": None}) == ["teal", "red"]
