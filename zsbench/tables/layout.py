"""A comparison as tables of formatted cells; an output format only decides how a cell is written.

Markdown, LaTeX and HTML are written from the same ``Report``.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

__all__ = ["MARK", "Cell", "Detail", "Heading", "Report", "Section", "Table", "trim_report"]

Detail = Literal["overview", "scores", "full"]

MARK = "†"
"""Stands beside a score whose difference to the baseline is significant."""


@dataclass(frozen=True)
class Cell:
    """What one cell says.

    Attributes:
        text: The text, unescaped.
        best: Whether it is the best of its column.
        marked: Whether its difference to the baseline is significant.
        notes: Numbers of its footnotes.
    """

    text: str
    best: bool = False
    marked: bool = False
    notes: tuple[int, ...] = ()


@dataclass(frozen=True)
class Heading:
    """The heading of a column.

    Attributes:
        text: Of the column.
        over: Shared with its neighbours, such as the task; empty without.
    """

    text: str
    over: str = ""

    @property
    def line(self) -> str:
        """Both in one line."""
        return f"{self.over} {self.text}".strip()


@dataclass(frozen=True)
class Table:
    """Headings and rows.

    Attributes:
        headings: Of the columns.
        labels: How many columns, from the left, name the row; the others are numbers.
        rows: One cell a column each.
        reported: Rows of published numbers, below the measured ones.
    """

    headings: tuple[Heading, ...]
    labels: int
    rows: tuple[tuple[Cell, ...], ...]
    reported: tuple[tuple[Cell, ...], ...] = ()

    @property
    def notes(self) -> list[int]:
        """Numbers of the footnotes that its cells name."""
        return sorted({note for row in (*self.rows, *self.reported) for cell in row for note in cell.notes})


@dataclass(frozen=True)
class Section:
    """The tables of one task, or the overview of all.

    Attributes:
        id: For labels and anchors: kebab-case.
        title: Heading.
        scores: Scores by system and metric.
        differences: Differences to the baseline, if there is one.
        remarks: What its signs mean; ``{mark}`` stands for the sign of significance.
        warnings: What forbids comparisons within this section.
        signatures: Metric titles and signatures.
    """

    id: str
    title: str
    scores: Table
    differences: Table | None = None
    remarks: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    signatures: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Report:
    """Everything that is printed about one or more runs.

    Attributes:
        sections: In order.
        remarks: Those of all sections.
        notes: Footnotes of all sections; the first has number 1.
    """

    sections: tuple[Section, ...]
    remarks: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def trim_report(report: Report, detail: Detail) -> Report:
    """The report with less in it.

    Args:
        report: Everything.
        detail: ``overview``: one table over all tasks, or that of the only one. ``scores``: a table of each task too,
            with signatures. ``full``: differences too.
    """
    if detail == "full":
        return report
    sections = [replace(section, differences=None) for section in report.sections]
    if detail == "scores":
        return replace(report, sections=tuple(sections))
    shown = [replace(section, signatures=()) for section in sections if section.id == "overview"]
    if not shown:
        return replace(report, sections=tuple(replace(section, signatures=()) for section in sections))
    used = max((note for section in shown for note in section.scores.notes), default=0)
    more = "Every metric of each task: `zsbench table RUN --detail scores`."
    return Report(tuple(shown), (*shown[0].remarks, more), report.notes[:used])
