"""``zsbench data``: what tasks and corpora need, and whether it is there and sound."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from zsbench.config import parse_assignment
from zsbench.data_roots import find_data_root
from zsbench.plugins import load_plugins
from zsbench.registry import set_dotted
from zsbench.store import default_cache

if TYPE_CHECKING:
    from rich.progress import Progress

    from zsbench.data import DataEntry, Verification

__all__ = ["app", "list_files", "verify_files"]

PROBLEMS = 2

app = typer.Typer(help="What tasks and corpora need, and whether it is there and sound.", no_args_is_help=True)

DataRoot = Annotated[str, typer.Option(help="Folder of the data, or id of a data root.")]
Settings = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="ID.KEY=VALUE", help="A setting of a task or corpus that has some; repeatable."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]


@app.command("ls")
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


@app.command("verify")
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
    reports, bar = [], ImageBar()
    try:
        for report in verify_data(ids or [], registry, root, _nested(settings), bar.advance):
            reports.append(report)
            bar.hide()
            if not as_json:
                typer.echo("\n".join(_report_lines(report)))
    finally:
        bar.hide()
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
    count = len(report.problems)
    verdict = f"{count:,} problem{'s' if count > 1 else ''}" if count else "fine"
    yield f"{report.id}: {verdict} ({size})"
    for problem in report.problems:
        yield f"  {problem}"


class ImageBar:
    """A bar with its ETA, on a terminal alone; hidden while something else is printed."""

    def __init__(self) -> None:
        self._progress: Progress | None = None

    def advance(self, id_: str, done: int, total: int) -> None:
        """Show that so many of a task's images were looked at."""
        if not sys.stderr.isatty():
            return
        if self._progress is None:
            self._progress = _make_progress()
            self._progress.add_task(id_, total=total)
            self._progress.start()
        self._progress.update(self._progress.task_ids[0], completed=done)

    def hide(self) -> None:
        """Take the bar away until the next image."""
        if self._progress is not None:
            self._progress.stop()
            self._progress = None


def _make_progress() -> Progress:
    """The display on standard error; it leaves standard output alone."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    console = Console(stderr=True)
    return Progress(*columns, console=console, transient=True, redirect_stdout=False, redirect_stderr=False)
