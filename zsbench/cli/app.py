"""The ``zsbench`` command."""

from __future__ import annotations

import errno
import sys
from typing import Annotated

import typer

from zsbench.cli import cache, data
from zsbench.cli.analyze import app as analyze_app
from zsbench.cli.compare import compare_two
from zsbench.cli.control import PluginDirOption, PluginOption, StrictOption, VerbGroup, control_plugins
from zsbench.cli.doctor import examine
from zsbench.cli.gate import run_gate
from zsbench.cli.leaderboard import leaderboard_app, report_run
from zsbench.cli.list import list_components
from zsbench.cli.plugins import plugins_app
from zsbench.cli.records import records_app
from zsbench.cli.run import run_matrix
from zsbench.cli.score import score_predictions_file
from zsbench.cli.table import print_table
from zsbench.cli.validate import validate_matrices

__all__ = ["app", "main"]

_FULL = {errno.ENOSPC, errno.EROFS, errno.EDQUOT}
"""What the system says of a disk that takes no more."""

app = typer.Typer(
    name="zsbench",
    cls=VerbGroup,
    help="The benchmark framework for zero-shot image captioners.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.command("run")(run_matrix)
app.command("table")(print_table)
app.command("score")(score_predictions_file)
app.command("compare")(compare_two)
app.command("doctor")(examine)
app.command("ls")(list_components)
app.add_typer(plugins_app, name="plugins")
app.add_typer(cache.app, name="cache")
app.add_typer(data.app, name="data")
app.command("validate")(validate_matrices)
app.add_typer(analyze_app, name="analyze")
app.command("gate")(run_gate)
app.command("report")(report_run)
app.add_typer(leaderboard_app, name="leaderboard")
app.add_typer(records_app, name="records")


def _version(asked: bool) -> None:
    """Print the version and stop."""
    if asked:
        import zsbench

        typer.echo(f"zsbench {zsbench.__version__}")
        raise typer.Exit


@app.callback()
def options(
    ctx: typer.Context,
    plugin: PluginOption = None,
    plugins_dir: PluginDirOption = None,
    strict_plugins: StrictOption = False,
    version: Annotated[  # noqa: ARG001  its callback has printed it
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """The benchmark framework for zero-shot image captioners.

    The options that say which plugins are loaded may also stand after the verb.
    """
    control_plugins(ctx, plugin, plugins_dir, strict=strict_plugins)


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
    except OSError as error:
        if "--debug" in sys.argv or error.errno not in _FULL:
            raise
        sys.stderr.write(
            f"error: {error.filename or 'A folder'} cannot be written ({error.strerror}). A command keeps what it "
            "made so far and needs room for the rest. Make room, or name other folders with --output and "
            "ZSBENCH_CACHE, and run it again.\n"
        )
        raise SystemExit(2) from None
