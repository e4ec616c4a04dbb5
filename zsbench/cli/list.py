"""``zsbench ls``: what can be named in a matrix."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from zsbench.errors import UnknownIdError
from zsbench.interfaces import specs
from zsbench.plugins import Plugins, load_plugins

__all__ = ["list_components"]

KINDS: dict[str, type[specs.Spec]] = {
    "captioners": specs.CaptionerSpec,
    "gap-models": specs.GapModelSpec,
    "tasks": specs.TaskSpec,
    "corpora": specs.CorpusSpec,
    "encoders": specs.EncoderSpec,
    "metrics": specs.MetricSpec,
    "engines": specs.EngineSpec,
    "matrices": specs.MatrixSpec,
    "data-roots": specs.DataRootSpec,
}


def list_components(
    kind: Annotated[str, typer.Argument(help=f"One of: {', '.join(KINDS)}. Default: all of them.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """List captioners, gap models, tasks, corpora and whatever else plugins provide."""
    if kind and kind not in KINDS:
        raise UnknownIdError("kind", kind, KINDS)
    plugins = load_plugins()
    chosen = [kind] if kind else list(KINDS)
    listing = {name: _rows(plugins, KINDS[name]) for name in chosen}
    if as_json:
        typer.echo(json.dumps(listing, indent=1, ensure_ascii=False))
        return
    for name, rows in listing.items():
        typer.echo(name)
        width = max((len(row["id"]) for row in rows), default=0)
        for row in rows:
            typer.echo(f"  {row['id']:<{width}}  {row['summary']}  [{row['plugin']}]")


def _rows(plugins: Plugins, kind: type[specs.Spec]) -> list[dict[str, str]]:
    """Id, summary and plugin of every component of a kind."""
    registry = plugins.registry
    return [
        {"id": spec.id, "summary": spec.summary, "plugin": registry.owner(kind, spec.id).plugin}
        for spec in registry.specs(kind)
    ]
