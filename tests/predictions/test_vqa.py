import pytest

from zsbench.errors import CorruptDataError
from zsbench.predictions.vqa import iter_annotations, iter_results


def test_results_are_read(write):
    """Question ids are the ids."""
    rows = list(iter_results(write([{"question_id": 262148000, "answer": "down"}])))
    assert [(row.id, row.prediction) for row in rows] == [("262148000", "down")]


def test_annotations_give_answers_and_image(write):
    """The ten answers are references; the image ties questions together."""
    entry = {"question_id": 1, "image_id": 5, "answer_type": "other", "answers": [{"answer": "a"}, {"answer": "b"}]}
    (row,) = iter_annotations(write({"annotations": [entry]}))
    assert (row.id, row.references, row.cluster, row.fields["answer_type"]) == ("1", ("a", "b"), "5", "other")


def test_annotations_without_answers_are_refused(write):
    """As in the files of a test split."""
    with pytest.raises(CorruptDataError, match=r"annotations\[0\] has no list of answers"):
        list(iter_annotations(write({"annotations": [{"question_id": 1}]})))
