"""``zsbench plugins``: what is installed, whether it works, what it provides; and what plugin authors need."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from zsbench.errors import ZsbenchError
from zsbench.plugins import PluginRecord, current_control, load_plugins, use_control

__all__ = ["plugins_app"]

BROKEN = 2
NOT_CONFORMING = 1

plugins_app = typer.Typer(
    help="List plugins; explain, check or begin one.", rich_markup_mode=None, invoke_without_command=True
)
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
OutputOption = Annotated[Path, typer.Option("--output", "-o", help="The results folder whose newest run tells of use.")]


@plugins_app.callback()
def list_plugins(ctx: typer.Context, as_json: JsonOption = False, output: OutputOption = Path("results")) -> None:
    """List installed plugins: version, status and reason, what they provide, what the newest run used of them."""
    ctx.with_resource(use_control(replace(current_control(), tolerant=True)))
    if ctx.invoked_subcommand is not None:
        return
    plugins = load_plugins()
    used = _used_by_newest_run(output)
    if as_json:
        rows = [{**dataclasses.asdict(record), "used": used.get(record.name, [])} for record in plugins.records]
        typer.echo(json.dumps(rows, indent=1, ensure_ascii=False))
    else:
        for record in plugins.records:
            typer.echo("\n".join(_lines(record, used.get(record.name, []))))
    if current_control().strict and plugins.broken:
        raise typer.Exit(BROKEN)


@plugins_app.command("doctor")
def explain_failures() -> None:
    """Explain what is wrong with plugins that are not active, and what to do; exit code 2 if any is broken."""
    plugins = load_plugins()
    for record in plugins.records:
        if record.status != "active":
            typer.echo("\n".join(_diagnosis(record)))
    active = sum(record.status == "active" for record in plugins.records)
    typer.echo(f"{active} of {len(plugins.records)} plugins are active.")
    if plugins.broken:
        raise typer.Exit(BROKEN)


@plugins_app.command("new")
def write_plugin(
    name: Annotated[str, typer.Argument(help="Of the component and its plugin, in kebab-case.")],
    kind: Annotated[str, typer.Option(help="captioner, gap-model, task, encoder or metric.")] = "captioner",
    folder: Annotated[Path, typer.Option("--dir", help="The folder to write zsbench-NAME into.")] = Path(),
) -> None:
    """Write a small distribution that works, conforms and has tests, to be filled with your own idea."""
    from zsbench.scaffold import write_distribution

    written = write_distribution(name, kind, folder)
    typer.echo(f"Wrote {written}. Next:")
    typer.echo(f"  python -m pip install -e {written}")
    typer.echo(f"  zsbench plugins check {name}")
    typer.echo(f"  python -m pytest {written}")


@plugins_app.command("check")
def check_plugin(
    name: Annotated[str, typer.Argument(help="A plugin, a distribution, or the id of one component.")],
    data_root: Annotated[str, typer.Option(help="For tasks: folder of the data, or id of a data root.")] = "",
    device: Annotated[str, typer.Option(help="A torch device, such as cpu or cuda:0.")] = "cpu",
    as_json: JsonOption = False,
) -> None:
    """Run the conformance kit on everything a plugin provides; exit code 1 if anything does not conform."""
    from zsbench.testing.reporting import conformance_table, run_conformance

    results = run_conformance(name, load_plugins(), data_root=data_root or None, device=device)
    if as_json:
        typer.echo(json.dumps([dataclasses.asdict(result) for result in results], indent=1, ensure_ascii=False))
    else:
        typer.echo(conformance_table(results))
    if any(result.status == "failed" for result in results):
        raise typer.Exit(NOT_CONFORMING)


def _lines(record: PluginRecord, used: list[str]) -> list[str]:
    """One plugin for people."""
    origin = f"{record.distribution} {record.version}".strip() or record.target
    lines = [f"{record.name}  {origin}  {record.status}"]
    lines += [f"  {record.reason}"] if record.reason else []
    lines += [f"  {provided}{'  (used)' if provided in used else ''}" for provided in record.provides]
    return lines


def _diagnosis(record: PluginRecord) -> list[str]:
    """What is wrong with one plugin, where, and what to do."""
    lines = [f"{record.name} ({record.distribution or 'local file'} {record.version}) is {record.status}"]
    found = record.reason.removesuffix(record.remedy).strip()
    lines.append(f"  found:  {found}")
    lines += [f"  where:  {record.where}"] if record.where else []
    return [*lines, f"  remedy: {record.remedy}"]


def _used_by_newest_run(output: Path) -> dict[str, list[str]]:
    """What the newest run of a results folder used of each plugin; nothing if there is no run."""
    from zsbench.records import read_run

    try:
        return {use.name: list(use.used) for use in read_run(output / "latest").provenance.plugins}
    except ZsbenchError:
        return {}
