"""From a frame to text in any format, and the files of a run."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from zsbench.records import CellResult
from zsbench.reported import ReportedRow
from zsbench.tables.comparison import build_report
from zsbench.tables.frame import build_frame
from zsbench.tables.html_page import render_html
from zsbench.tables.latex import render_latex
from zsbench.tables.layout import Detail, trim_report
from zsbench.tables.markdown import render_markdown
from zsbench.tables.selection import TableChoice
from zsbench.tables.sheets import render_csv, render_wide_csv

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Format", "Style", "render", "render_run", "screen_table"]

Format = Literal["md", "latex", "csv", "html"]

_DETAILS: dict[Format, Detail] = {"md": "overview", "latex": "scores", "html": "full"}


@dataclass(frozen=True, kw_only=True)
class Style:
    """How a comparison is written.

    Attributes:
        format: md, latex, csv or html.
        detail: overview, scores or full. None: the overview for Markdown, which goes to a screen, scores for LaTeX,
            which goes to a paper, and everything for HTML.
        standalone: LaTeX as a document of its own.
        wide: CSV with a line a system instead of a line a score.
        width: Columns that Markdown tables may take. None: no limit.
    """

    format: Format = "md"
    detail: Detail | None = None
    standalone: bool = False
    wide: bool = False
    width: int | None = None


def render(
    frame: pd.DataFrame,
    choice: TableChoice | None = None,
    style: Style | None = None,
    reported: Sequence[ReportedRow] = (),
) -> str:
    """The comparison of a frame as text that ends in one newline.

    Args:
        frame: What ``build_frame`` made of result records.
        choice: What to show. None: everything.
        style: How to write it. None: Markdown for a screen.
        reported: Published numbers to show beside.
    """
    choice, style = choice or TableChoice(), style or Style()
    if style.format == "csv":
        return render_wide_csv(frame, choice) if style.wide else render_csv(frame, choice, reported)
    report = trim_report(build_report(frame, choice, reported), style.detail or _DETAILS[style.format])
    if style.format == "latex":
        return render_latex(report, standalone=style.standalone)
    if style.format == "html":
        return render_html(report)
    return render_markdown(report, width=style.width)


def screen_table(records: Iterable[CellResult], *, width: int | None = None) -> str:
    """What a run prints of its records, and ``zsbench table`` of the run."""
    return render(build_frame(records), style=Style(width=width))


def render_run(records: Iterable[CellResult], run: str) -> dict[str, str]:
    """The table files of a run, text by file name.

    Args:
        records: Results of its cells.
        run: Its name.
    """
    frame = build_frame(records, run=run)
    styles: dict[str, Style] = {
        "comparison.md": Style(detail="full"),
        "comparison.tex": Style(format="latex"),
        "comparison.html": Style(format="html"),
        "comparison.csv": Style(format="csv"),
    }
    return {name: render(frame, style=style) for name, style in styles.items()}
