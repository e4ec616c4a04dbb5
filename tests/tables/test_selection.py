import pytest

from zsbench.errors import ConfigError
from zsbench.tables.frame import build_frame
from zsbench.tables.selection import TableChoice, select_rows
from zsbench_records import failed, four_tasks, nocaps, record

FRAME = build_frame(
    [*four_tasks("maccap"), *four_tasks("clipre", cell={"corpus": None}), failed(cell={"corpus": "other"})]
)


@pytest.mark.parametrize(
    ("choice", "column", "left"),
    [
        ({"tasks": ("coco",)}, "task", {"coco"}),
        ({"captioners": ("clipre",)}, "captioner", {"clipre"}),
        ({"metrics": ("vqa",)}, "metric", {"vqa", ""}),
        ({"corpora": ("coco-train",)}, "corpus", {"coco-train", ""}),
    ],
)
def test_filters_keep_what_they_name(choice, column, left):
    """A failed cell has no metric and a captioner may have no corpus: they stay."""
    assert set(select_rows(FRAME, TableChoice(**choice))[column]) == left


@pytest.mark.parametrize(
    ("choice", "message"),
    [
        ({"tasks": ("cocoo",)}, "Did you mean 'coco'"),
        ({"captioners": ("macap",)}, "Did you mean 'maccap'"),
        ({"metrics": ("cidr",)}, "Did you mean 'cider'"),
        ({"corpora": ("coco-trian",)}, "Did you mean 'coco-train'"),
    ],
)
def test_a_filter_for_what_is_not_there_is_refused(choice, message):
    """With the closest that is."""
    with pytest.raises(ConfigError, match=message):
        select_rows(FRAME, TableChoice(**choice))


def test_labels_are_checked():
    """An unknown one, and one that would make rows and columns."""
    with pytest.raises(ConfigError, match="Did you mean 'captioner'"):
        TableChoice(rows=("captionr",))
    with pytest.raises(ConfigError, match="rows and columns"):
        TableChoice(rows=("task",), columns=("task",))


def test_of_groups_the_main_metric_is_kept():
    """Unless every group is asked for."""
    frame = build_frame([nocaps()])
    assert select_rows(frame, TableChoice())["metric"].tolist() == ["bleu", "cider", "cider", "cider", "cider"]
    assert len(select_rows(frame, TableChoice(), every_group=True)) == len(frame)


def test_a_cell_of_two_runs_stands_once():
    """If it has the same score in both."""
    twice = build_frame([record(), record()])
    assert len(select_rows(twice, TableChoice())) == 1
