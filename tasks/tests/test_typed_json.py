"""Large JSON files of a known schema."""

import msgspec
import pytest

from zsbench.errors import CorruptDataError
from zsbench_tasks import typed_json
from zsbench_tasks.typed_json import FileKind, read_typed_json

KIND = FileKind("a list of numbers", "It holds `numbers`.")


class Numbers(msgspec.Struct):
    numbers: list[int]


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "numbers.json"
    path.write_text('{"other": {"deep": [1]}, "numbers": [1, 2]}', encoding="utf-8")
    return path


def test_keys_that_the_schema_does_not_name_are_skipped(path):
    """Whatever stands in them."""
    assert read_typed_json(path, Numbers, KIND).numbers == [1, 2]


def test_a_file_that_is_too_large_is_not_parsed(path, monkeypatch):
    """A sound file is refused for its size alone."""
    monkeypatch.setattr(typed_json, "MAX_BYTES", 10)

    with pytest.raises(CorruptDataError, match="at most 10 are read"):
        read_typed_json(path, Numbers, KIND)


def test_a_file_that_cannot_be_read_is_told(tmp_path):
    """A folder of that name, for instance."""
    with pytest.raises(CorruptDataError, match="is not a list of numbers: it cannot be read"):
        read_typed_json(tmp_path, Numbers, KIND)


def test_a_wrong_value_is_told_with_its_place_and_the_schema(path):
    """Three sentences: found, expected, what to do."""
    path.write_text('{"numbers": [1, "2"]}', encoding="utf-8")

    with pytest.raises(CorruptDataError, match=r"at `numbers\[1\]`") as caught:
        read_typed_json(path, Numbers, KIND)

    assert caught.value.expected == "It holds `numbers`."
