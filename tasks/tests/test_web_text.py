"""Corpora of web text and of one's own files: one text a line, bad rows named by their lines."""

import json

import pytest

from zsbench.data import make_corpus
from zsbench.errors import CorruptDataError, MissingDataError
from zsbench.plugins import load_plugins

CRAWL = {
    "1": [{"description": "A red  car.\nA blue car."}, {"name": "no description"}],
    "2": [{"description": "A red car."}],
}


@pytest.fixture
def corpus(tmp_path):
    """The texts of a corpus with some settings."""
    registry = load_plugins().registry

    def _corpus(id_, **settings):
        return list(make_corpus(id_, registry, tmp_path, settings).texts())

    return _corpus


@pytest.fixture
def write(tmp_path):
    """Writes a file under the data root."""

    def _write(name, content):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())

    return _write


@pytest.mark.parametrize("name", ["Train_GCC-training.tsv", "cc3m/Train_GCC-training.tsv", "Train-GCC-training.tsv"])
def test_cc3m_is_the_first_column(corpus, write, name):
    """A caption, a tab, an address; no header; quotes mean nothing."""
    write(name, 'a very typical bus station\thttp://x/1\n"sierra  looked stunning\thttp://x/2\n')
    assert corpus("cc3m") == ["a very typical bus station", '"sierra looked stunning']


def test_a_line_of_cc3m_without_a_tab_is_refused(corpus, write):
    """It is another file."""
    write("Train_GCC-training.tsv", "a bus\thttp://x/1\na car\n")
    with pytest.raises(CorruptDataError, match="line 2 has no tab"):
        corpus("cc3m")


def test_bad_rows_are_told_by_their_lines_and_may_be_left_out(corpus, write):
    """All of them, of each kind; the message says how to go on."""
    write("Train_GCC-training.tsv", b"a bus\thttp://x\n\thttp://x\na \xe4\thttp://x\n \thttp://x\n\n")
    with pytest.raises(CorruptDataError) as caught:
        corpus("cc3m")
    assert "3 rows are empty (lines 2, 4, 5); 1 row is not UTF-8 (line 3)" in caught.value.found
    assert "`--set corpus_settings.cc3m.skip_bad_rows=true`" in caught.value.remedy
    assert corpus("cc3m", skip_bad_rows=True) == ["a bus"]


def test_many_bad_rows_are_counted(corpus, write):
    """Five lines are enough to see."""
    write("t.txt", "\n" * 1500 + "a\n")
    with pytest.raises(CorruptDataError, match=r"1,500 rows are empty \(lines 1, 2, 3, 4, 5, \.\.\.\)"):
        corpus("text-file", path="t.txt")


def test_ss1m_is_the_list_that_memory_methods_ship(corpus, write):
    """A JSON list of captions; each stands once."""
    write("ss1m/memory_captions.json", json.dumps(["A dog.", "A cat.", "A dog."]))
    assert corpus("ss1m") == ["A dog.", "A cat."]


def test_ss1m_is_the_crawl_as_well(corpus, write):
    """Files by number, descriptions by page; every line once, in order."""
    write("ss1m/0001.json", json.dumps({"1": [{"description": "A tram with five words."}]}))
    write("ss1m/0000.json", json.dumps(CRAWL))
    assert corpus("ss1m") == ["A red car.", "A blue car.", "A tram with five words."]
    assert corpus("ss1m", max_words=3) == ["A red car.", "A blue car."]


def test_a_list_of_objects_is_no_list_of_captions(corpus, write):
    """Their text is not guessed."""
    write("ss1m/memory_captions.json", '["A dog.", {"caption": "A cat."}]')
    with pytest.raises(CorruptDataError, match="entry 2 is no caption, but an object"):
        corpus("ss1m")


@pytest.mark.parametrize("content", ["[1]", '{"1": [7]}', "{", "<html>"])
def test_another_file_is_no_ss1m(corpus, write, content):
    """Whatever it is."""
    write("ss1m/0000.json", content)
    with pytest.raises(CorruptDataError, match="is not a sound file of SS1M"):
        corpus("ss1m")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("t.txt", "A  dog.\nA cat.\r\n"),
        ("t.csv", "id,caption\n1,A dog.\n2,A cat.\n"),
        ("t.tsv", "text\tid\nA dog.\t1\nA cat.\t2\n"),
        ("t.jsonl", '{"text": "A dog."}\n"A\\ncat."\n'),
        ("t.json", '["A dog.", {"caption": "A cat."}]'),
    ],
)
def test_any_file_of_texts_is_a_corpus(corpus, write, name, content):
    """By its suffix; every text on one line."""
    write(name, content)
    assert corpus("text-file", path=name) == ["A dog.", "A cat."]


def test_the_column_may_be_named(corpus, write):
    """Where it has no usual name."""
    write("t.csv", "said,text\nA dog.,x\n")
    assert corpus("text-file", path="t.csv", key="said") == ["A dog."]


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("t.csv", "said\nA dog.\n", "row 2 has not any of the keys text, caption"),
        ("t.jsonl", '{"text": 7}\n', "row 1 has no text under 'text'"),
        ("t.jsonl", '{"text": "a"}\n{"tex', "line 2 is not JSON"),
        ("t.json", '{"text": "a"}', "Expected `array`, got `object`"),
        ("t.json", '["a", 7]', "entry 2 is neither an object nor a string"),
        ("t.txt", "", "it has no texts"),
        ("t.txt", b"a\n\xff\n", r"1 row is not UTF-8 (line 2)"),
    ],
)
def test_a_bad_file_is_told_with_its_row(corpus, write, name, content, words):
    """So that it can be corrected."""
    write(name, content)
    with pytest.raises(CorruptDataError) as caught:
        corpus("text-file", path=name)
    assert words in caught.value.found


@pytest.mark.parametrize(("id_", "settings"), [("cc3m", {}), ("ss1m", {}), ("text-file", {"path": "nowhere.txt"})])
def test_a_missing_file_is_named(corpus, id_, settings):
    """With where it is looked for."""
    with pytest.raises(MissingDataError, match="It is looked for as"):
        corpus(id_, **settings)
