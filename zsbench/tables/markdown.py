"""Reports as Markdown that renders on GitHub and reads well in a terminal."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

import pandas as pd

from zsbench.tables.comparison import build_report
from zsbench.tables.layout import Cell, Report, Section, Table

__all__ = ["comparison_markdown", "render_markdown"]

MARK = "†"
_SPECIAL = re.compile(r"[\\`*|]|~(?=~)|<(?=[A-Za-z/!?])|&(?=#?\w+;)|\](?=[(\[:])|(?<!\w)_|_(?!\w)")
"""What Markdown would take for a sign of its own; anything else stays as it reads best in a terminal."""


def comparison_markdown(frame: pd.DataFrame) -> str:
    """The comparison of every cell of a frame as Markdown.

    Args:
        frame: What ``build_frame`` made of the result records.
    """
    return render_markdown(build_report(frame))


def render_markdown(report: Report) -> str:
    """The report as Markdown, ending in one newline."""
    return "\n\n".join(_render_section(section) for section in report.sections) + "\n"


def _render_section(section: Section) -> str:
    """A heading, the tables, and what explains them."""
    parts = [f"## {_escape(section.title)}", _render_table(section.scores)]
    if section.differences is not None:
        parts += ["Difference to the baseline:", _render_table(section.differences)]
    parts.append("\n".join(f"- {remark.replace('{mark}', MARK)}" for remark in section.remarks))
    if section.notes:
        parts.append("\n".join(f"- ({number}) {_escape(text)}" for number, text in enumerate(section.notes, 1)))
    if section.signatures:
        parts.append("\n".join(f"- {_escape(title)}: {_code(text)}" for title, text in section.signatures))
    return "\n\n".join(part for part in parts if part)


def _render_table(table: Table) -> str:
    """A pipe table whose columns line up."""
    rows = [
        [_escape(heading) for heading in table.headings],
        *([_render_cell(cell) for cell in row] for row in table.rows),
    ]
    widths = [max(3, *(_width(row[column]) for row in rows)) for column in range(len(table.headings))]
    rules = ["-" * width if column < table.labels else "-" * (width - 1) + ":" for column, width in enumerate(widths)]
    return "\n".join(_line(row, widths, table.labels) for row in (rows[0], rules, *rows[1:]))


def _line(cells: Sequence[str], widths: Sequence[int], labels: int) -> str:
    """One line of a table: labels to the left, numbers to the right."""
    padded = []
    for column, (cell, width) in enumerate(zip(cells, widths, strict=True)):
        space = " " * (width - _width(cell))
        padded.append(cell + space if column < labels else space + cell)
    return f"| {' | '.join(padded)} |"


def _render_cell(cell: Cell) -> str:
    """The text with its signs."""
    text = f"**{_escape(cell.text)}**" if cell.best else _escape(cell.text)
    if cell.marked:
        text += f" {MARK}"
    return f"{text} ({cell.note})" if cell.note else text


def _code(text: str) -> str:
    """Text in a code span."""
    return "`" + text.replace("`", "'") + "`"


def _escape(text: str) -> str:
    """Text that Markdown shows as it is, on one line."""
    return _SPECIAL.sub(r"\\\g<0>", " ".join(text.split()))


def _width(text: str) -> int:
    """Columns that a text takes in a terminal."""
    wide = sum(unicodedata.east_asian_width(char) in "WF" for char in text)
    return len(text) + wide - sum(unicodedata.combining(char) > 0 for char in text)
