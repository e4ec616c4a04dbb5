"""The ``zsbench`` command."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from zsbench.cli.gate import run_gate
from zsbench.cli.leaderboard import leaderboard_app, report_run
from zsbench.cli.list import list_components
from zsbench.cli.plugins import list_plugins
from zsbench.cli.run import run_matrix

__all__ = ["app", "main"]

app = typer.Typer(
    name="zsbench",
    help="The benchmark framework for zero-shot image captioners.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.command("run")(run_matrix)
app.command("ls")(list_components)
app.command("plugins")(list_plugins)
app.command("gate")(run_gate)
app.command("report")(report_run)
app.add_typer(leaderboard_app, name="leaderboard")


def _version(asked: bool) -> None:
    """Print the version and stop."""
    if asked:
        import zsbench

        typer.echo(f"zsbench {zsbench.__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """The benchmark framework for zero-shot image captioners."""


def main() -> None:
    """Run the command; errors of the tree are printed as three sentences, with exit code 2."""
    from zsbench.errors import ZsbenchError

    try:
        app()
    except ZsbenchError as error:
        if "--debug" in sys.argv:
            raise
        sys.stderr.write(f"error: {error}\n")
        raise SystemExit(2) from None
