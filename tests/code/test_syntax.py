"""A file's hash is that of what runs."""

from __future__ import annotations

import pytest

from zsbench.code.syntax import Import, Syntax, parse_source

PLAIN = b'"""Words."""\n\nSIZE = 3\n\n\ndef size(count: int) -> int:\n    """More words."""\n    return SIZE * count\n'


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"""Words."""\n\n', b""),
        (b"More words", b"Other words"),
        (b"SIZE = 3\n", b"SIZE = 3  # three\n"),
        (b"SIZE = 3\n", b'SIZE = 3\n"""How large."""\n'),
        (b"return SIZE * count", b"return (SIZE * count)"),
        (b"SIZE = 3\n", b"SIZE = 0x3\n\n\n"),
        (b'"""Words."""', b'u"Words"'),
        (b"SIZE = 3\n", b"from typing import TYPE_CHECKING\nSIZE = 3\n"),
    ],
)
def test_words_and_formatting_do_not_count(old, new):
    """Nor does a constant that is written otherwise; an import does."""
    same = b"import" not in new
    assert (parse_source(PLAIN.replace(old, new)).digest == parse_source(PLAIN).digest) == same


@pytest.mark.parametrize(
    ("old", "new"),
    [(b"3", b"4"), (b"* count", b"+ count"), (b"SIZE", b"LENGTH"), (b"return ", b"yield "), (b"3", b"'3'")],
)
def test_whatever_runs_counts(old, new):
    """Constants, operators and names."""
    assert parse_source(PLAIN.replace(old, new)).digest != parse_source(PLAIN).digest


def test_imports_are_found_wherever_they_run():
    """In functions, conditions, by import_module and as an import string; not those for type checkers."""
    text = b"""
import a.b
import c as d
from . import e
from ..f import g as h
from i import *
from typing import TYPE_CHECKING
if TYPE_CHECKING:
    import never
try:
    import j
except ImportError:
    j = None
def load(name):
    import k
    import_module("l.m"), importlib.import_module(".n", "p"), __import__("o")
    import_module(name)
FACTORY = "q.r:S"
NO_FACTORY = "a sentence: with words"
"""
    found = [one for one in parse_source(text).imports if one.module != "typing"]
    assert found == [
        Import("a.b", bound="a"),
        Import("c", bound="d"),
        Import("", 1, "e", "e"),
        Import("f", 2, "g", "h"),
        Import("i", 0, "*", "*"),
        Import("j", bound="j"),
        Import("k", bound="k"),
        Import("l.m"),
        Import("n", 1),
        Import("o"),
        Import("q.r"),
    ]


@pytest.mark.parametrize(
    ("text", "face"),
    [
        (b'"""Words."""\nfrom a import b\n__all__ = ["b"]\n', True),
        (b"from a import b\n__all__: list[str] = []\n", True),
        (b"", True),
        (b"from a import b\nb.change()\n", False),
        (b"from a import b\nB = b\n", False),
    ],
)
def test_a_file_that_only_names_what_its_parts_define_is_known(text, face):
    """One that does anything is not."""
    assert parse_source(text).only_imports is face


@pytest.mark.parametrize(
    "text",
    [
        b"from importlib import import_module as load\nload('a.b')\n",
        b"from importlib import import_module\nimport_module(name='a.b')\n",
    ],
)
def test_an_import_by_name_is_found_whatever_the_function_is_called(text):
    """The name stands there."""
    assert Import("a.b") in parse_source(text).imports


@pytest.mark.parametrize("text", [b'"""Words."""\nprint(__doc__)\n', b'def f():\n    """Words."""\n\nf.__doc__\n'])
def test_words_that_a_file_reads_count(text):
    """They are data then."""
    assert parse_source(text).digest != parse_source(text.replace(b"Words", b"Others")).digest


def test_types_are_checked_at_run_time_where_a_file_says_so():
    """``TYPE_CHECKING`` of its own making is a name like any other."""
    text = b"TYPE_CHECKING = True\nif TYPE_CHECKING:\n    import a\n"
    assert parse_source(text).digest != parse_source(text.replace(b"import a", b"import b")).digest


@pytest.mark.parametrize("text", [b"def (:\n", b"\x00", b"x = " + b"(" * 5000, "é".encode("latin-1")])
def test_a_file_that_does_not_parse_is_hashed_by_its_bytes(text):
    """It may be for a newer Python, behind a condition."""
    assert parse_source(text).digest != parse_source(text + b" ").digest
    assert parse_source(text).imports == ()


def test_an_analysis_is_remembered_whole():
    """As text."""
    syntax = parse_source(b"from a import b\nx = 1\n")
    assert Syntax.from_json(syntax.to_json()) == syntax
