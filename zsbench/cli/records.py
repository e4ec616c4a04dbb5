"""``zsbench records``: bring records of an earlier version to this one; write their schemas."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["records_app"]

PROBLEMS = 2

records_app = typer.Typer(help="Migrate records; write their JSON Schemas.", no_args_is_help=True)


@records_app.command("migrate")
def migrate_records(
    results: Annotated[Path, typer.Argument(help="A results folder, or a run folder.")] = Path("results"),
) -> None:
    """Bring run folders and baselines of version 1 to version 2, in place; exit code 2 if one could not be."""
    from zsbench.records.migrate import migrate_results

    done = migrate_results(results)
    for line in done.problems:
        typer.echo(f"not migrated: {line}", err=True)
    typer.echo(
        f"{done.runs} runs and {done.baselines} baselines migrated; of {done.history} older baselines the scores are "
        "kept in the history"
    )
    if done.problems:
        raise typer.Exit(PROBLEMS)


@records_app.command("schema")
def write_record_schemas(
    folder: Annotated[Path, typer.Argument(help="Where the schemas go.")] = Path("docs/schema"),
) -> None:
    """Write the JSON Schemas of the files of a record."""
    from zsbench.records.schema import write_schemas

    for path in write_schemas(folder):
        typer.echo(f"wrote {path}")
