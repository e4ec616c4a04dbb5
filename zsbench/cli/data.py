"""``zsbench data``: what tasks and corpora need, and whether it is there and sound."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from zsbench.config import parse_assignment
from zsbench.data_roots import find_data_root
from zsbench.plugins import load_plugins
from zsbench.registry import set_dotted
from zsbench.store import default_cache

if TYPE_CHECKING:
    from zsbench.data import DataEntry, Verification
    from zsbench.data.verify import Advance

__all__ = ["data", "list_files", "verify_files"]

PROBLEMS = 2
SHOWN = 20
"""Problems of one task that are printed; ``--json`` has them all."""

data = typer.Typer(
    name="data", help="What tasks and corpora need, and whether it is there and sound.", no_args_is_help=True
)

DataRoot = Annotated[str, typer.Option(help="Folder of the data, or id of a data root.")]
Settings = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="ID.KEY=VALUE", help="A setting of a task or corpus that has some; repeatable."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]


@data.command("ls")
def list_files(data_root: DataRoot = "", settings: Settings = None, as_json: AsJson = False) -> None:
    """List what each task and corpus needs, where it comes from, its licence, and what is found under the data root."""
    from zsbench.data import list_data

    registry = load_plugins().registry
    root = find_data_root(data_root, registry, default_cache()) if data_root else None
    entries = list(list_data(registry, root, _nested(settings)))
    if as_json:
        document = {"data_root": str(root) if root else None, "entries": [_document(entry) for entry in entries]}
        typer.echo(json.dumps(document, indent=1, ensure_ascii=False))
        return
    for entry in entries:
        typer.echo("\n".join(_lines(entry, looked=root is not None)))
    if root is None:
        typer.echo("Nothing was looked for: name the folder of the data with --data-root DIR.")


@data.command("verify")
def verify_files(
    ids: Annotated[
        list[str] | None, typer.Argument(metavar="[TASK]...", help="Tasks and corpora. Default: all that are there.")
    ] = None,
    data_root: DataRoot = "",
    settings: Settings = None,
    as_json: AsJson = False,
) -> None:
    """Check counts, ids, groups and splits against the cards, and that every image can be decoded."""
    from zsbench.data import verify_data

    registry = load_plugins().registry
    root = find_data_root(data_root or None, registry, default_cache())
    reports = []
    with _progress() as advance:
        for report in verify_data(ids or [], registry, root, _nested(settings), advance):
            reports.append(report)
            if not as_json:
                typer.echo("\n".join(_report_lines(report)))
    if as_json:
        document = {"data_root": str(root), "reports": [vars(report) for report in reports]}
        typer.echo(json.dumps(document, indent=1, ensure_ascii=False))
    if any(report.problems for report in reports):
        raise typer.Exit(PROBLEMS)


def _nested(settings: Sequence[str] | None) -> dict[str, dict[str, Any]]:
    """``id.key=value`` -> settings by id."""
    nested: dict[str, Any] = {}
    for text in settings or []:
        set_dotted(nested, *parse_assignment(text, ()))
    return {id_: own for id_, own in nested.items() if isinstance(own, dict)}


def _document(entry: DataEntry) -> dict[str, Any]:
    """One entry as JSON."""
    files = {name: str(place) if place else None for name, place in entry.files.items()}
    return {**vars(entry), "files": files, "found": entry.complete}


def _lines(entry: DataEntry, *, looked: bool) -> Iterator[str]:
    """One entry for people."""
    state = "found" if entry.complete else "not found"
    size = f", {entry.examples:,} {'examples' if entry.kind == 'task' else 'texts'}" if entry.examples else ""
    yield f"{entry.id}  ({entry.kind}{size})" + (f"  {state}" if looked and not entry.problem else "")
    if entry.problem:
        yield f"  settings: {entry.problem}"
    for name, place in entry.files.items():
        yield f"  {name}" + (f"  {place or 'missing'}" if looked else "")
    for title, text in (("from", entry.source), ("licence", entry.licence)):
        if text:
            yield f"  {title}: {text}"


def _report_lines(report: Verification) -> Iterator[str]:
    """What was found about one task or corpus, for people."""
    unit = "examples" if report.kind == "task" else "texts"
    size = f"{report.examples:,} {unit}" + (f", {report.images:,} images" if report.kind == "task" else "")
    verdict = f"{len(report.problems):,} problems" if report.problems else "fine"
    yield f"{report.id}: {verdict} ({size})"
    for problem in report.problems[:SHOWN]:
        yield f"  {problem}"
    if len(report.problems) > SHOWN:
        yield f"  ... and {len(report.problems) - SHOWN:,} more; `--json` lists them all."


@contextmanager
def _progress() -> Iterator[Advance]:
    """A bar with its ETA on a terminal; silence elsewhere."""
    if not sys.stderr.isatty():
        yield lambda *_: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        bar = progress.add_task("images", total=None)
        yield lambda id_, done, total: progress.update(bar, description=id_, completed=done, total=total)
