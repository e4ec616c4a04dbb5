"""Reports as Markdown that renders on GitHub and reads well in a terminal."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence

from zsbench.tables.layout import MARK, Cell, Report, Section, Table

__all__ = ["render_markdown"]

_SPECIAL = re.compile(r"[\\`*|]|~(?=~)|<(?=[A-Za-z/!?])|&(?=#?\w+;)|\](?=[(\[:])|(?<!\w)_|_(?!\w)")
"""What Markdown would take for a sign of its own; anything else stays as it reads best in a terminal."""


def render_markdown(report: Report, *, width: int | None = None) -> str:
    """The report as Markdown, ending in one newline.

    Args:
        report: What to write.
        width: Columns of the terminal: a wider table goes on below, with the names of its rows again. None: no limit.
    """
    sections = [_render_section(section, width) for section in report.sections]
    remarks = [f"- {remark.replace('{mark}', MARK)}" for remark in report.remarks]
    notes = [f"- ({number}) {_escape(text)}" for number, text in enumerate(report.notes, 1)]
    return "\n\n".join([*sections, "\n".join([*remarks, *notes])]) + "\n"


def _render_section(section: Section, width: int | None) -> str:
    """A heading, the tables, and what explains them."""
    parts = [f"## {_escape(section.title)}", _render_table(section.scores, width)]
    if section.differences is not None:
        parts += ["Difference to the baseline:", _render_table(section.differences, width)]
    parts.append("\n".join(f"- {_escape(warning)}" for warning in section.warnings))
    if section.signatures:
        parts.append("\n".join(f"- {_escape(title)}: {_code(text)}" for title, text in section.signatures))
    return "\n\n".join(part for part in parts if part)


def _render_table(table: Table, width: int | None) -> str:
    """A pipe table whose columns line up, in parts where it is too wide."""
    rows = [[_render_cell(cell) for cell in row] for row in (*table.rows, *table.reported)]
    columns = [[_escape(heading.line), *(row[place] for row in rows)] for place, heading in enumerate(table.headings)]
    return "\n\n".join(_render_part(part, table.labels) for part in _iter_parts(table, columns, width))


def _iter_parts(table: Table, columns: Sequence[list[str]], limit: int | None) -> Iterator[list[list[str]]]:
    """Columns that stand side by side: the labels, and as many others as the limit lets; at least one.

    A shared heading stands over the first of its columns only.
    """
    part: list[list[str]] = []
    over = ""
    for heading, column in zip(table.headings[table.labels :], columns[table.labels :], strict=True):
        short = [_escape(heading.text), *column[1:]] if part and heading.over == over else column
        if part and limit is not None and sum(_span(c) + 3 for c in (*columns[: table.labels], *part, short)) >= limit:
            yield [*columns[: table.labels], *part]
            part, short = [], column
        part.append(short)
        over = heading.over
    yield [*columns[: table.labels], *part]


def _render_part(columns: Sequence[Sequence[str]], labels: int) -> str:
    """Columns as lines."""
    widths = [_span(column) for column in columns]
    rules = ["-" * width if place < labels else "-" * (width - 1) + ":" for place, width in enumerate(widths)]
    head, *rows = zip(*columns, strict=True)
    return "\n".join(_line(row, widths, labels) for row in (head, rules, *rows))


def _span(column: Sequence[str]) -> int:
    """How wide a column is; at least as its rule."""
    return max(3, *map(_width, column))


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
    return f"{text} ({', '.join(map(str, cell.notes))})" if cell.notes else text


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
