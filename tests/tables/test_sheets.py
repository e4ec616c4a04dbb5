import io

import pandas as pd
import pytest

from zsbench.tables.frame import COLUMNS, TEXT, build_frame
from zsbench.tables.selection import TableChoice
from zsbench.tables.sheets import render_csv, render_wide_csv
from zsbench_records import difference, failed, four_tasks, metric, nocaps, published, record, vqa

CHOICE = TableChoice()


def read(text):
    """The table of a CSV text, empty texts as such."""
    return pd.read_csv(io.StringIO(text), keep_default_na=False, na_values={"score": "", "printed": "", "seed": ""})


def test_a_frame_survives_the_round_trip():
    """Every column and every row comes back, also names with commas, quotes and line breaks."""
    frame = build_frame(
        [*four_tasks(p_value=0.01), record('a,"b"\nc', cell={"variant": "x=1, y=2"}, data_used=["é"]), failed()]
    )
    back = pd.read_csv(
        io.StringIO(render_csv(frame, CHOICE)), dtype=frame.dtypes.to_dict(), keep_default_na=False, na_values=""
    )
    assert list(back.columns) == [*COLUMNS, "printed"]
    back[list(TEXT)] = back[list(TEXT)].fillna("")
    pd.testing.assert_frame_equal(back[list(COLUMNS)], frame, check_dtype=False)
    assert back["printed"].dropna().tolist() == pytest.approx((frame["score"] * frame["factor"]).dropna().tolist())


def test_every_group_is_in_it():
    """Also groupings and metrics that tables do not show."""
    rows = read(render_csv(build_frame([nocaps(), vqa()]), CHOICE))
    assert set(rows["grouping"]) == {"", "domain", "answer-type", "question-type"}
    assert rows.loc[rows["metric"] == "bleu", "group"].tolist() == ["", "in-domain", "near-domain", "out-domain"]


def test_counts_are_whole_numbers():
    """Not 500.0."""
    line = render_csv(build_frame([record()]), CHOICE).splitlines()[1]
    assert ",500," in line
    assert "500.0" not in line


def test_filters_reach_the_lines():
    """Only what is chosen is written."""
    text = render_csv(build_frame(four_tasks()), TableChoice(tasks=("coco",), metrics=("cider",)))
    assert read(text)[["task", "metric"]].to_numpy().tolist() == [["coco", "cider"]]


def test_published_rows_say_that_they_are():
    """With printed scores, the group and the source."""
    entries = [
        published("nocaps", None, scores={"cider": 40.5}),
        published("nocaps", grouping="domain", group="in-domain", scores={"cider": 41}),
    ]
    rows = read(render_csv(build_frame([nocaps()]), CHOICE, entries))
    found = rows[rows["source"] == "reported"]
    assert found[["captioner", "metric", "grouping", "group", "printed"]].to_numpy().tolist() == [
        ["MacCap", "cider", "", "", 40.5],
        ["MacCap", "cider", "domain", "in-domain", 41.0],
    ]
    assert found["seed"].isna().all()
    assert "A Paper, Table 1" in found["reason"].iloc[0]


def test_the_wide_form_has_a_line_a_system_and_task():
    """Printed scores, averaged over seeds, with groups in columns of their own."""
    seeds = [record("x", [metric(score=score)], cell={"seed": seed}) for seed, score in enumerate((0.6, 0.64))]
    rows = read(render_wide_csv(build_frame([*seeds, nocaps(differences=[difference()])]), CHOICE))
    assert rows[["captioner", "task", "seeds"]].astype(str).to_numpy().tolist() == [
        ["x", "coco", "0 1"],
        ["maccap", "nocaps", "0"],
    ]
    errors = ["cider error", "cider error over examples", "cider error over seeds"]
    assert rows.loc[0, ["cider", *errors]].astype(float).tolist() == pytest.approx([62.0, 3.0, 1.0, 2.828427])
    assert float(rows.loc[1, "cider@domain=in-domain"]) == 50.0
