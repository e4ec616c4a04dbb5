"""``zsbench plugins``: what is installed, whether it works, what it provides."""

from __future__ import annotations

import dataclasses
import json
from typing import Annotated

import typer

from zsbench.plugins import load_plugins

__all__ = ["list_plugins"]


def list_plugins(
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """List installed plugins with version, status and what they provide."""
    records = load_plugins().records
    if as_json:
        typer.echo(json.dumps([dataclasses.asdict(record) for record in records], indent=1, ensure_ascii=False))
        return
    for record in records:
        typer.echo(f"{record.name}  {record.distribution} {record.version}  {record.status}")
        if record.reason:
            typer.echo(f"  {record.reason}")
        for provided in record.provides:
            typer.echo(f"  {provided}")
