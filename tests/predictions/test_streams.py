import tracemalloc

import pytest

from zsbench.errors import CorruptDataError
from zsbench.predictions import streams
from zsbench.predictions.streams import iter_array, iter_json_lines, iter_pairs, iter_table


@pytest.mark.parametrize(
    "content", ['[{"a": 1}, {"a"', '[{"a": 1}]]', "[{'a': 1}]", b'[{"a": "\xff"}]', b"\xff\xfe[\x00]\x00"]
)
def test_broken_json_is_an_error_of_the_tree(write, content):
    """Cut off, not JSON, or not UTF-8: no traceback of the reader."""
    with pytest.raises(CorruptDataError, match="no whole JSON document"):
        list(iter_array(write(content)))


@pytest.mark.parametrize("content", ["[1]", '["a"]', "[[]]", "[null]"])
def test_array_of_other_things_is_refused(write, content):
    """Entries are objects."""
    with pytest.raises(CorruptDataError, match="entry 0 is no object"):
        list(iter_array(write(content)))


@pytest.mark.parametrize("text", ["[" * 100_000, '[{"a": "]]", "b": ' + '{"c": [' * 60 + "1"])
def test_deep_nesting_is_refused_before_it_can_do_harm(write, text):
    """A hundred thousand brackets would end the process; brackets inside texts do not count."""
    with pytest.raises(CorruptDataError, match="more than 100 deep"):
        list(iter_array(write(text)))


def test_brackets_and_quotes_inside_captions_are_no_nesting(write):
    """Escaped quotes and lone brackets in thousands of captions, across the reader's chunks."""
    entries = [{"image_id": n, "caption": '[[{ "x" \\ ' + "[" * (n % 7)} for n in range(20_000)]
    assert [entry for _, entry in iter_array(write(entries))] == entries


def test_text_without_an_end_is_refused(write, monkeypatch):
    """A gigabyte in one string never piles up."""
    monkeypatch.setattr(streams, "MAX_LINE", 100_000)
    with pytest.raises(CorruptDataError, match="text of more than"):
        list(iter_array(write('[{"a": "' + "x" * 400_000)))


def test_equal_keys_are_both_seen(write):
    """What a dict would swallow comes twice."""
    assert list(iter_pairs(write('{"a": 1, "a": 2}'))) == [("a", 1), ("a", 2)]


@pytest.mark.parametrize(("line", "reason"), [("{", "no JSON"), ("[1]", "no object"), ('{"a": "' + "x" * 90, "bytes")])
def test_wrong_line_is_named_by_number(write, monkeypatch, line, reason):
    """Blank lines count, and are passed over."""
    monkeypatch.setattr(streams, "MAX_LINE", 80)
    with pytest.raises(CorruptDataError, match=rf"line 3 .*{reason}"):
        list(iter_json_lines(write('{"a": 1}\n\n' + line)))


@pytest.mark.parametrize("content", [b"id,prediction\n1,a,b\n", b"id,prediction\n1,\xff\n", b'id,prediction\n1,"a\n'])
def test_wrong_table_is_refused(write, content):
    """Too many cells, another encoding, a quote that does not end."""
    with pytest.raises(CorruptDataError):
        list(iter_table(write(content)))


def test_table_keeps_line_ends_inside_quotes(write):
    """A quoted caption may hold line ends and commas."""
    ((_, row),) = iter_table(write('id,prediction\n1,"a, b\nc"\n'))
    assert row == {"id": "1", "prediction": "a, b\nc"}


def test_large_array_is_never_whole_in_memory(write):
    """Reading 20 MB entry by entry takes less than 4 MB."""
    path = write("[" + ",".join(['{"image_id": 1, "caption": "' + "x" * 1000 + '"}'] * 20_000) + "]")
    tracemalloc.start()
    count = sum(1 for _ in iter_array(path))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 20_000
    assert peak < 4_000_000
