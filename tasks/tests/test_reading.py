"""Reading untrusted files: sizes, lines, paths."""

import msgspec
import pytest

from zsbench.errors import CorruptDataError
from zsbench_tasks import reading
from zsbench_tasks.reading import FileForm, WrongEntryError, check_caption, check_relative_path, iter_lines

FORM = FileForm("list of things", "It is a list of objects with a name.", id_keys=("number",))


class Thing(msgspec.Struct):
    name: str


@pytest.fixture
def write(tmp_path):
    """Writes a file of some bytes."""

    def _write(content):
        path = tmp_path / "file.json"
        path.write_bytes(content)
        return path

    return _write


def test_a_wrong_entry_of_a_list_is_named(write):
    """By its place, its id and its key."""
    path = write(b'[{"name": "a"}, {"name": 7, "number": 3}]')
    with pytest.raises(CorruptDataError, match=r"\[1\].name \(number 3\): Expected `str`, got `int`"):
        FORM.read(path, list[Thing])


def test_a_file_that_is_too_large_is_not_read(write, monkeypatch):
    """Memory is not given to whatever lies there."""
    monkeypatch.setattr(reading, "MAX_BYTES", 10)
    with pytest.raises(CorruptDataError, match="it has 11 bytes, at most 10 are read"):
        FORM.read(write(b'["12345678'[:9] + b'"]'), list[str])


def test_a_folder_in_place_of_a_file_is_told(tmp_path):
    """There is a name, and nothing to read."""
    with pytest.raises(CorruptDataError, match="it cannot be read"):
        FORM.read(tmp_path, list[Thing])


def test_a_missing_file_is_told_by_line_readers_too(tmp_path):
    """Files may go between listing and reading."""
    with pytest.raises(CorruptDataError, match="it cannot be read"):
        list(iter_lines(tmp_path / "nowhere", FORM))


def test_lines_are_numbered_from_one_without_their_breaks(write):
    """Line breaks of either kind end a line; a byte order mark is no part of it."""
    lines = list(iter_lines(write(b"\xef\xbb\xbfa\r\nb\xe2\x80\xa8c\n\nd"), FORM))
    assert lines == [(1, b"a"), (2, b"b\xe2\x80\xa8c"), (3, b""), (4, b"d")]


def test_a_line_that_is_too_long_is_refused(write, monkeypatch):
    """No more than one line is in memory, and it has a limit."""
    monkeypatch.setattr(reading, "MAX_LINE_BYTES", 5)
    with pytest.raises(CorruptDataError, match="line 2 has more than 5 bytes"):
        list(iter_lines(write(b"1234\n123456789\n"), FORM))


@pytest.mark.parametrize(
    "path", ["../up", "/etc", "a/../../up", "..", "C:\\x", "C:x", "a//b", "a\0b", "./a", "\ud800", ""]
)
def test_a_path_that_leaves_its_folder_is_refused(path):
    """On any system."""
    with pytest.raises(WrongEntryError, match="no path inside"):
        check_relative_path(path, "file")


def test_a_path_below_its_folder_is_kept():
    """With any letters."""
    assert check_relative_path("käfer/ein bild.jpg", "file") == "käfer/ein bild.jpg"


def test_a_caption_loses_surrounding_space_alone():
    """What people wrote stays."""
    assert check_caption(" a  cat\n", "caption") == "a  cat"
