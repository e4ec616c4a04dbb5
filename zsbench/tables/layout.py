"""A comparison as tables of formatted cells; an output format only decides how a cell is written.

``zsbench.tables.markdown`` writes Markdown; every other format starts from the same ``Report``.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Cell", "Report", "Section", "Table"]


@dataclass(frozen=True)
class Cell:
    """What one cell says.

    Attributes:
        text: The text, unescaped.
        best: Whether it is the best of its column.
        marked: Whether its difference to the baseline is significant.
        note: Number of its footnote, 0 for none.
    """

    text: str
    best: bool = False
    marked: bool = False
    note: int = 0


@dataclass(frozen=True)
class Table:
    """Headings and rows.

    Attributes:
        headings: Of the columns.
        labels: How many columns, from the left, name the row; the others are numbers.
        rows: One cell a column each.
    """

    headings: tuple[str, ...]
    labels: int
    rows: tuple[tuple[Cell, ...], ...]


@dataclass(frozen=True)
class Section:
    """The tables of one task, or the overview of all.

    Attributes:
        title: Heading.
        scores: Scores by system and metric.
        differences: Differences to the baseline, if there is one.
        remarks: What the signs mean, and what a reader must know.
        notes: Footnotes; the first has number 1.
        signatures: Metric titles and signatures.
    """

    title: str
    scores: Table
    differences: Table | None = None
    remarks: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    signatures: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Report:
    """Everything that is printed about a run."""

    sections: tuple[Section, ...]
