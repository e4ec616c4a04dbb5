"""The stages score and compare on questions: one image's questions are one observation."""

from __future__ import annotations

from zsbench.records import read_samples
from zsbench.runner import scoring


def test_questions_of_one_image_are_told_to_share_it(session):
    """Samples name the image, and both stages hand it to the statistics."""
    result = session(captioners=["answering"], tasks=["fake-questions"], baseline="answering").run()
    samples = read_samples(result.folder, result.plan.cells[0].name)
    assert [sample["image"] for sample in samples[:3]] == ["red.png", "red.png", "green.png"]


def test_intervals_of_questions_are_those_of_images(session):
    """Every picture has one right and one wrong answer: no resample of pictures changes the score."""
    result = session(captioners=["answering"], tasks=["fake-questions"], baseline="answering").run()
    (row,) = [row for row in result.results[0]["metrics"] if row["id"] == "exact" and row["grouping"] is None]
    assert (row["score"], row["standard_error"]) == (0.5, 0.0)


def test_captions_stand_alone(session):
    """Without questions no example has an image to share, and samples do not name one."""
    result = session(captioners=["nearest"], baseline="nearest").run()
    assert "image" not in read_samples(result.folder, result.plan.cells[0].name)[0]
    assert scoring._images(result.plan.cells[0].task) == {}


def test_members_of_a_group_are_those_that_were_scored():
    """In the order of the group, without the unreadable."""
    groups = {"shade": {"dark": ["navy", "black", "teal"]}}
    row = {"grouping": "shade", "group": "dark"}
    assert scoring._members(["teal", "red", "navy"], groups, row) == ["navy", "teal"]
    assert scoring._members(["teal", "red"], groups, {"grouping": None, "group": None}) == ["teal", "red"]
