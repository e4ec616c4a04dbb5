import pytest

from zsbench.errors import CorruptDataError, MissingDataError
from zsbench.tables import reported
from zsbench.tables.reported import ReportedRow, read_reported

ROW = "- {method: M, task: coco, corpus: COCO, scores: {cider-d: 69.7}, source: Table 1, run_by: the authors}\n"


def test_files_are_read_by_name(tmp_path):
    """Every YAML file of the folder, and nothing else."""
    (tmp_path / "b.yaml").write_text(ROW.replace("M,", "N,"), encoding="utf-8")
    (tmp_path / "a.yaml").write_text(ROW, encoding="utf-8")
    (tmp_path / "README.md").write_text("no rows", encoding="utf-8")
    assert [row.method for row in read_reported(tmp_path)] == ["M", "N"]


def test_the_note_tells_the_source():
    """And what is known of encoder, language model and who ran it."""
    row = ReportedRow(
        method="M", task="t", corpus="c", scores={"x": 1}, source="Table 1", backbone="ViT", run_by="the authors"
    )
    assert row.note == "reported by Table 1, encoder ViT, run by the authors"


@pytest.mark.parametrize(
    "text",
    [
        "{method: M}",
        ROW.replace("source: Table 1, ", ""),
        ROW.replace("69.7", "many"),
        ROW.replace("run_by", "ran_by"),
        "- [",
        "- !!python/object/apply:os.system [true]",
        "[" * 5000,
    ],
)
def test_other_files_are_refused(tmp_path, text):
    """By name, in three sentences, and no code is run."""
    (tmp_path / "a.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(CorruptDataError, match=r"a\.yaml does not hold published rows"):
        read_reported(tmp_path)


def test_size_is_limited(tmp_path, monkeypatch):
    """A file that is too large is not read."""
    monkeypatch.setattr(reported, "MAX_BYTES", 10)
    (tmp_path / "a.yaml").write_text(ROW, encoding="utf-8")
    with pytest.raises(CorruptDataError, match="more than 10 bytes"):
        read_reported(tmp_path)


def test_a_missing_folder_is_named(tmp_path):
    """With what to name instead."""
    with pytest.raises(MissingDataError, match="results/reported"):
        read_reported(tmp_path / "nowhere")
