"""``zsbench table``: comparison tables from records alone."""

from __future__ import annotations

import shutil
import sys
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from zsbench.errors import MissingDataError
from zsbench.plugins import load_plugins

if TYPE_CHECKING:
    import pandas as pd

    from zsbench.reported import ReportedRow

__all__ = ["print_table", "screen_width"]


class Format(StrEnum):
    """An output format."""

    MD = "md"
    LATEX = "latex"
    CSV = "csv"
    HTML = "html"


class Detail(StrEnum):
    """How much is shown."""

    OVERVIEW = "overview"
    SCORES = "scores"
    FULL = "full"


def print_table(  # noqa: PLR0913  one parameter a flag
    runs: Annotated[list[Path], typer.Argument(metavar="RUN...", help="Folders that `zsbench run` wrote.")],
    format_: Annotated[Format, typer.Option("--format", "-f", help="What to write.")] = Format.MD,
    rows: Annotated[
        str,
        typer.Option(
            help="Labels that make a row, comma-separated: captioner, variant, gap_model, corpus, route, encoder, "
            "language_model, supervision, seed, run, task, metric, group. Default: all of a system but the seed."
        ),
    ] = "",
    columns: Annotated[
        str, typer.Option(help="Labels that make a column. Default: an overview, then metrics and groups by task.")
    ] = "",
    tasks: Annotated[str, typer.Option("--tasks", "-t", help="Ids to show, comma-separated.")] = "",
    metrics: Annotated[str, typer.Option("--metrics", "-m", help="Ids to show.")] = "",
    captioners: Annotated[str, typer.Option("--captioners", "-c", help="Ids to show.")] = "",
    corpora: Annotated[str, typer.Option(help="Ids to show.")] = "",
    baseline: Annotated[str, typer.Option(help="A captioner to compare with. Default: that of the run.")] = "",
    reported: Annotated[Path | None, typer.Option(help="Folder of published numbers to show beside.")] = None,
    interval: Annotated[bool, typer.Option("--interval", help="95 % intervals instead of standard errors.")] = False,
    detail: Annotated[
        Detail | None,
        typer.Option(
            help="overview: one table over all tasks; scores: each task and signatures too; full: differences too. "
            "Default: overview for md, scores for latex, full for html."
        ),
    ] = None,
    wide: Annotated[bool, typer.Option("--wide", help="CSV with a line a system instead of a line a score.")] = False,
    standalone: Annotated[bool, typer.Option("--standalone", help="LaTeX as a document of its own.")] = False,
    width: Annotated[
        int | None, typer.Option(min=0, help="Columns of Markdown tables; 0: no limit. Default: the terminal's.")
    ] = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="A file to write instead of printing.")] = None,
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks.")] = False,  # noqa: ARG001  main reads it
) -> None:
    """Print the comparison table of one or more runs, from their records alone."""
    from zsbench.registry import make_metric
    from zsbench.tables.frame import load_frame
    from zsbench.tables.rendering import Style, render
    from zsbench.tables.selection import TableChoice, select_rows

    choice = TableChoice(
        rows=_split(rows),
        columns=_split(columns),
        tasks=_split(tasks),
        metrics=_split(metrics),
        captioners=_split(captioners),
        corpora=_split(corpora),
        interval=interval,
    )
    limit = width if width is not None else None if output else screen_width()
    style = Style(
        format=format_.value,
        detail=detail.value if detail else None,
        standalone=standalone,
        wide=wide,
        width=limit or None,
    )
    damaged: list[str] = []
    frame = load_frame(runs, partial(make_metric, load_plugins().registry), damaged)
    for line in damaged:
        typer.echo(f"note: {line}", err=True)
    if baseline:
        frame = _compared(select_rows(frame, choice, every_group=format_ is Format.CSV), baseline, runs)
    text = render(frame, choice, style, _read_reported(reported))
    if output is None:
        typer.echo(text, nl=False)
    else:
        _write(output, text)


def screen_width() -> int | None:
    """Columns of the terminal that standard output is; None if it is none."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def _split(text: str) -> tuple[str, ...]:
    """``a,b`` -> ``(a, b)``."""
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _compared(frame: pd.DataFrame, baseline: str, runs: list[Path]) -> pd.DataFrame:
    """A frame with differences to another baseline."""
    from zsbench.tables.frame import name_runs
    from zsbench.tables.pairing import compare_with

    return compare_with(frame, baseline, name_runs(runs), load_plugins().registry)


def _read_reported(folder: Path | None) -> tuple[ReportedRow, ...]:
    """The published rows of a folder, none without one."""
    from zsbench.reported import read_reported

    return read_reported(folder) if folder else ()


def _write(path: Path, text: str) -> None:
    """Write the table to a file whose folder exists."""
    if not path.parent.is_dir():
        raise MissingDataError(
            f"There is no folder {str(path.parent)!r}.",
            "A table is written to a folder that exists.",
            f"Make it: `mkdir -p {path.parent}`.",
            path=path.parent,
        )
    path.write_text(text, encoding="utf-8")
    typer.echo(f"Wrote {path}.", err=True)
