"""``zsbench leaderboard`` and ``zsbench report``: pages and tables from records."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from zsbench.plugins import load_plugins
from zsbench.store import default_cache

if TYPE_CHECKING:
    from zsbench.report import SiteOptions, SiteSummary

__all__ = ["leaderboard_app", "report_run"]

leaderboard_app = typer.Typer(help="Pages of a results folder.", no_args_is_help=True)


@leaderboard_app.callback()
def describe() -> None:
    """Pages of a results folder."""


@leaderboard_app.command("build")
def build_site(
    results: Annotated[Path, typer.Argument(help="The results folder.")] = Path("results"),
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder of the pages.")] = Path("site"),
    data_root: Annotated[
        str, typer.Option(help="Folder of the data, or id of a data root. Default: the runs', if it is an id.")
    ] = "",
    images: Annotated[bool, typer.Option("--images/--no-images", help="Show images in the sample viewer.")] = True,
) -> None:
    """Make the leaderboard: a table a task, runs, histories, samples. Open site/index.html in any browser."""
    from zsbench.report import build_leaderboard

    _print_summary(build_leaderboard(results, _options(output, data_root, images=images)))


@leaderboard_app.command("readme")
def write_tables(
    results: Annotated[Path, typer.Argument(help="The results folder.")] = Path("results"),
    check: Annotated[bool, typer.Option("--check", help="Exit with 1 if the README was not up to date.")] = False,
) -> None:
    """Write the tables of the committed baselines into results/README.md."""
    from zsbench.registry import make_metric
    from zsbench.report.readme import write_readme

    changed = write_readme(results, partial(make_metric, load_plugins().registry))
    typer.echo(f"{results / 'README.md'} {'written' if changed else 'is up to date'}")
    if check and changed:
        raise typer.Exit(1)


def report_run(
    run: Annotated[Path, typer.Argument(help="A run folder.")] = Path("results/latest"),
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Folder of the pages. Default: report in the run folder.")
    ] = None,
    data_root: Annotated[
        str, typer.Option(help="Folder of the data, or id of a data root. Default: the run's, if it is an id.")
    ] = "",
    images: Annotated[bool, typer.Option("--images/--no-images", help="Show images in the sample viewer.")] = True,
) -> None:
    """Make the page of one run: scores, plots, signatures, provenance, samples."""
    from zsbench.report import build_report_pages

    _print_summary(build_report_pages(run, _options(output or run / "report", data_root, images=images)))


def _options(output: Path, data_root: str, *, images: bool) -> SiteOptions:
    """Where pages come from and go to."""
    from zsbench.report import SiteOptions

    return SiteOptions(output, load_plugins().registry, default_cache(), data_root, images)


def _print_summary(summary: SiteSummary) -> None:
    """What was written."""
    for remark in summary.remarks:
        typer.echo(f"note: {remark}", err=True)
    typer.echo(f"{summary.tasks} tasks, {summary.systems} systems, {summary.runs} runs: {summary.index}")
