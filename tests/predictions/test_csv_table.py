import pytest

from zsbench.errors import CorruptDataError
from zsbench.predictions.csv_table import iter_rows


def test_table_is_read_with_other_columns_as_fields(write):
    """Order of columns and a byte order mark do not matter; an empty caption is one."""
    rows = list(iter_rows(write(b"\xef\xbb\xbfdomain,prediction,id\r\nin,a dog,1\r\nout,,2\r\n")))
    assert [(row.id, row.prediction, row.fields["domain"]) for row in rows] == [("1", "a dog", "in"), ("2", "", "out")]


def test_short_row_is_refused(write):
    """A row that ends before its prediction is no empty caption."""
    with pytest.raises(CorruptDataError, match="line 2 has the prediction null or nothing"):
        list(iter_rows(write("id,prediction\n1\n")))
