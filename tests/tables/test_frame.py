import math

import pytest

from zsbench.errors import CorruptDataError
from zsbench.tables.frame import COLUMNS, build_frame

RECORD = {
    "cell": {"captioner": "maccap", "gap_model": None, "corpus": "pocket", "task": "t", "seed": 1},
    "task_title": "T",
    "main_metric": "cider-d",
    "n": 5,
    "metrics": [
        {
            "id": "cider-d",
            "title": "CIDEr-D",
            "factor": 100.0,
            "score": 0.7,
            "standard_error": 0.1,
            "not_run": None,
            "signature": "CIDEr-D|n:5",
        },
        {
            "id": "spice",
            "title": "SPICE",
            "factor": 100.0,
            "score": None,
            "standard_error": None,
            "not_run": "no models",
        },
    ],
    "differences": [
        {"metric": "cider-d", "baseline": "base", "difference": 0.1, "low": 0.0, "high": 0.2, "p_value": 0.04}
    ],
}


def test_one_row_for_each_metric():
    """Cell, metric and difference stand in one row, with the columns in their order."""
    frame = build_frame([RECORD])
    assert tuple(frame.columns) == COLUMNS
    assert frame["metric"].tolist() == ["cider-d", "spice"]
    assert frame.loc[0, ["captioner", "seed", "n", "score", "baseline", "p_value"]].tolist() == [
        "maccap",
        1,
        5,
        0.7,
        "base",
        0.04,
    ]


def test_what_is_missing_is_empty_or_nan():
    """Absent texts are empty strings, absent numbers NaN, whatever else a column holds."""
    frame = build_frame([RECORD])
    assert frame["gap_model"].tolist() == ["", ""]
    assert frame.loc[1, "not_run"] == "no models"
    assert frame.loc[0, "not_run"] == ""
    assert math.isnan(frame.loc[1, "score"])
    assert math.isnan(frame.loc[1, "difference"])


def test_no_records_give_an_empty_frame():
    """The columns are there without any row."""
    assert build_frame([]).shape == (0, len(COLUMNS))


def test_record_without_a_field_is_refused():
    """The missing field is named."""
    with pytest.raises(CorruptDataError, match="main_metric"):
        build_frame([{key: value for key, value in RECORD.items() if key != "main_metric"}])
