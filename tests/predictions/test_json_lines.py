import pytest

from zsbench.errors import CorruptDataError
from zsbench.predictions.json_lines import iter_rows


def test_samples_of_a_run_are_read(write):
    """A line with an error has no prediction; what else a line holds are its fields."""
    text = '{"id": "a", "prediction": "a dog", "metrics": {"x": 1}}\n{"id": "b", "error": "no image"}\n'
    rows = [(row.id, row.prediction, sorted(row.fields)) for row in iter_rows(write(text))]
    assert rows == [("a", "a dog", ["id", "metrics", "prediction"]), ("b", None, ["error", "id"])]


def test_line_without_a_prediction_is_refused(write):
    """Neither prediction nor error."""
    with pytest.raises(CorruptDataError, match="line 2 has the prediction null or nothing"):
        list(iter_rows(write('{"id": 1, "prediction": "x"}\n{"id": 2}\n')))
