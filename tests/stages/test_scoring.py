"""The stages score and compare on questions: one image's questions are one observation."""

from __future__ import annotations

from zsbench.records import read_samples


def test_questions_of_one_image_are_told_to_share_it(session):
    """Samples name the image, and both stages hand it to the statistics."""
    result = session(captioners=["answering"], tasks=["fake-questions"], baseline="answering").run()
    samples = read_samples(result.folder, result.plan.cells[0].name)
    assert [sample.image for sample in samples[:3]] == ["red.png", "red.png", "green.png"]


def test_intervals_of_questions_are_those_of_images(session):
    """Every picture has one right and one wrong answer: no resample of pictures changes the score."""
    result = session(captioners=["answering"], tasks=["fake-questions"], baseline="answering").run()
    (row,) = [row for row in result.results[0].metrics if row.id == "exact" and row.grouping is None]
    assert (row.score, row.standard_error) == (0.5, 0.0)
