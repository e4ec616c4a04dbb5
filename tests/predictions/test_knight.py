import pytest

from zsbench.errors import CorruptDataError
from zsbench.predictions.knight import iter_predictions, iter_references


def test_pair_of_files_is_read(write):
    """Lists of one are predictions, lists of any length references; bare texts are lists of one."""
    assert [(row.id, row.prediction) for row in iter_predictions(write({"0": ["x"], "1": "y"}))] == [
        ("0", "x"),
        ("1", "y"),
    ]
    rows = [(row.id, row.references) for row in iter_references(write({"0": ["x", "z"], "1": "y"}))]
    assert rows == [("0", ("x", "z")), ("1", ("y",))]


@pytest.mark.parametrize("texts", [[], ["x", "y"]])
def test_references_taken_for_predictions_are_refused(write, texts):
    """Several captions for one image are references."""
    with pytest.raises(CorruptDataError, match=f"entry '0' holds {len(texts)} captions"):
        list(iter_predictions(write({"0": texts})))
