"""``zsbench doctor``: what this machine has of what metrics need, and where to put what it lacks."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from zsbench.metrics.requirements import Requirement

__all__ = ["examine"]

LACKING = 2


def examine(
    online: Annotated[
        bool, typer.Option("--online", help="Fetch the models of SPICE (380 MB) if they are missing.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks.")] = False,  # noqa: ARG001  read by main
) -> None:
    """Check what the metrics need: Java, the jars, and the models of SPICE."""
    from zsbench.metrics.corenlp import corenlp_cache, fetch_corenlp
    from zsbench.metrics.requirements import iter_requirements

    found = list(iter_requirements())
    if online and any(not one.ready and one.name.startswith("SPICE models") for one in found):
        typer.echo(f"Fetching CoreNLP 3.6.0 into {corenlp_cache()} ...", err=True)
        fetch_corenlp(corenlp_cache())
        found = list(iter_requirements())
    if as_json:
        typer.echo(json.dumps([dataclasses.asdict(one) for one in found], indent=1, ensure_ascii=False))
    else:
        typer.echo("\n".join(_line(one) for one in found))
    if any(not one.ready and not one.optional for one in found):
        raise typer.Exit(LACKING)


def _line(one: Requirement) -> str:
    """One requirement for people."""
    if one.ready:
        return f"ok       {one.name}: {one.told}"
    return f"{'optional' if one.optional else 'MISSING '} {one.name} (without it not run: {one.needed_by}): {one.told}"
