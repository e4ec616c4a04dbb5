"""Matrix files: reading, overriding, and what the messages say."""

from __future__ import annotations

import pytest

from zsbench.config import parse_assignment, read_matrix
from zsbench.errors import ConfigError, MissingDataError

GOOD = """\
name: tiny
captioners: [maccap, clipre]
tasks: [coco-karpathy-test]
corpora: [coco-karpathy-train]
encoder:
  settings: {model: ./weights/encoder}
language_model: {model: facebook/opt-1.3b}
"""


@pytest.fixture
def write(tmp_path):
    def _write(text: str):
        path = tmp_path / "matrix.yaml"
        path.write_text(text, encoding="utf-8")
        return path

    return _write


def test_defaults_are_filled_in(write):
    """What a matrix does not say has a default."""
    matrix = read_matrix(write(GOOD), {})
    assert (matrix.seeds, matrix.limit, matrix.device, matrix.baseline) == ((0,), None, "cpu", None)


def test_dotted_paths_are_relative_to_the_file(write, tmp_path):
    """``./`` means beside the matrix; names stay names."""
    matrix = read_matrix(write(GOOD), {})
    assert matrix.encoder.settings["model"] == str(tmp_path / "weights" / "encoder")
    assert matrix.language_model is not None
    assert matrix.language_model.model == "facebook/opt-1.3b"


def test_overrides_win(write):
    """The command line stands over the file."""
    matrix = read_matrix(write(GOOD), {"limit": 5, "settings.maccap.inference.candidates": 2})
    assert matrix.limit == 5
    assert matrix.settings["maccap"] == {"inference": {"candidates": 2}}


def test_an_unknown_key_has_line_and_suggestion(write):
    """A mistyped key is found, placed and corrected."""
    with pytest.raises(ConfigError, match=r"'captionrs' in .*matrix.yaml, line 8.*Did you mean 'captioners'"):
        read_matrix(write(GOOD + "captionrs: [a]\n"), {})


def test_a_wrong_type_has_line_and_value(write):
    """A value of a wrong type is shown with its place."""
    with pytest.raises(ConfigError, match=r"'limit' in .*matrix.yaml, line 8 is 'many'"):
        read_matrix(write(GOOD + "limit: many\n"), {})


def test_a_wrong_flag_blames_the_command_line(write):
    """An override's fault is not the file's."""
    with pytest.raises(ConfigError, match="the command line"):
        read_matrix(write(GOOD), {"limit": 0})


def test_a_repeated_axis_entry_is_refused(write):
    """A cell cannot stand twice."""
    with pytest.raises(ConfigError, match="listed twice: maccap"):
        read_matrix(write(GOOD.replace("clipre", "maccap")), {})


def test_broken_yaml_names_the_line(write):
    """A syntax error has its line."""
    with pytest.raises(ConfigError, match=r"matrix.yaml, line 2"):
        read_matrix(write("name: x\n  captioners: [a\n"), {})


def test_paths_among_the_settings_of_tasks_start_at_the_matrix(write, tmp_path):
    """A matrix and its data may lie in one folder; other values are left alone."""
    settings = (
        "task_settings: {folder: {captions: ./captions.csv, format: csv}}\ncorpus_settings: {texts: {path: ../t}}\n"
    )
    matrix = read_matrix(write(GOOD + settings), {})
    assert matrix.task_settings["folder"] == {"captions": str(tmp_path / "captions.csv"), "format": "csv"}
    assert matrix.corpus_settings["texts"] == {"path": str(tmp_path.parent / "t")}


@pytest.mark.parametrize("text", ["", "- a\n", "just text\n"])
def test_yaml_that_is_no_mapping_is_refused(write, text):
    """A matrix is a mapping."""
    with pytest.raises(ConfigError, match="A matrix is a YAML mapping"):
        read_matrix(write(text), {})


def test_yaml_runs_no_code(write):
    """A tag that would build a Python object is refused."""
    with pytest.raises(ConfigError):
        read_matrix(write("name: !!python/object/apply:os.getcwd []\n"), {})


def test_bytes_that_are_not_utf8_are_refused(tmp_path):
    """The message says where."""
    path = tmp_path / "matrix.yaml"
    path.write_bytes(b"name: \xff\n")
    with pytest.raises(ConfigError, match="not UTF-8"):
        read_matrix(path, {})


def test_a_huge_file_is_refused(tmp_path):
    """A matrix is small."""
    path = tmp_path / "matrix.yaml"
    path.write_bytes(b"#" * 1_000_001)
    with pytest.raises(ConfigError, match="1000001 bytes"):
        read_matrix(path, {})


def test_a_missing_file_is_named(tmp_path):
    """The message points at the list of shipped matrices."""
    with pytest.raises(MissingDataError, match="zsbench ls matrices"):
        read_matrix(tmp_path / "none.yaml", {})


def test_assignments_know_captioners():
    """A key that begins with a captioner is a setting of it."""
    assert parse_assignment("maccap.inference.rerank=false", ["maccap"]) == ("settings.maccap.inference.rerank", False)
    assert parse_assignment("batch_size=8", ["maccap"]) == ("batch_size", 8)


@pytest.mark.parametrize("text", ["novalue", "=1", "a=[1"])
def test_assignments_that_are_none_are_refused(text):
    """--set takes key=value."""
    with pytest.raises(ConfigError):
        parse_assignment(text, [])
