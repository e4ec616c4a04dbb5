"""Reports of made-up records."""

from __future__ import annotations

import re

import pytest

from zsbench.tables.frame import build_frame
from zsbench.tables.rendering import Style, render
from zsbench.tables.selection import TableChoice


@pytest.fixture
def show():
    """Write records as Markdown, in full and without a limit of width; keywords are of the choice."""

    def _show(*records, reported=(), **choice):
        return render(build_frame(records), TableChoice(**choice), Style(detail="full"), reported)

    return _show


@pytest.fixture
def rows():
    """The cells of the numbered table of a text, headings first, without the rule."""

    def _rows(text, number=0):
        tables = re.findall(r"(?:^\|.*\n?)+", text, flags=re.MULTILINE)
        lines = tables[number].strip().split("\n")
        return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in (lines[0], *lines[2:])]

    return _rows
