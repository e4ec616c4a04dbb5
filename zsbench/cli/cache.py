"""``zsbench cache``: what the store holds, whether it is whole, and how to make room."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from zsbench.errors import ConfigError

if TYPE_CHECKING:
    from zsbench.cache import EntryFacts
    from zsbench.store import Store

__all__ = ["app"]

app = typer.Typer(help="Look after the store of stage outputs.", no_args_is_help=True)

PROBLEMS = 2
UNITS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12}

Cache = Annotated[Path | None, typer.Option("--cache", help="The cache folder. Default: $ZSBENCH_CACHE.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]


@app.command("ls")
def list_cache(cache: Cache = None, as_json: AsJson = False) -> None:
    """List entries with size, age and the runs that use them, oldest first."""
    from zsbench.cache import list_entries, list_partials

    store = _store(cache)
    entries, partials = list_entries(store), list_partials(store)
    if as_json:
        typer.echo(json.dumps({"store": str(store.root), "entries": [_row(e) for e in entries]}, indent=1))
        return
    for entry in entries:
        used = f"{len(entry.runs)} runs" if len(entry.runs) != 1 else "1 run"
        typer.echo(
            f"{entry.key[:8]}  {_tell_size(entry.size):>9}  {_tell_age(entry.finished):>6}  {used:>7}  "
            f"{entry.kind:<14}  {entry.label}"
        )
    total = sum(entry.size for entry in entries)
    typer.echo(f"{len(entries)} entries, {_tell_size(total)}, {len(partials)} interrupted, in {store.root}")


@app.command("verify")
def verify_cache(cache: Cache = None, as_json: AsJson = False) -> None:
    """Compare every file with its checksum; exit code 2 if one is missing or was changed."""
    from rich.console import Console
    from rich.progress import Progress

    from zsbench.cache import list_entries, verify_entries

    store = _store(cache)
    entries = list_entries(store)
    with Progress(console=Console(stderr=True), transient=True) as bars:
        task = bars.add_task("checking", total=len(entries))
        problems = verify_entries(store, entries, lambda done, total: bars.update(task, completed=done, total=total))
    if as_json:
        typer.echo(json.dumps({"store": str(store.root), "entries": len(entries), "problems": problems}, indent=1))
    else:
        for key, problem in problems.items():
            typer.echo(f"{key[:8]}  {problem}")
        typer.echo(f"{len(entries)} entries, {len(problems)} not whole; a run makes those again.")
    if problems:
        raise typer.Exit(PROBLEMS)


@app.command("prune")
def prune_cache(
    unused: Annotated[bool, typer.Option("--unused", help="Those that no run folder uses any more.")] = False,
    older_than: Annotated[float | None, typer.Option(min=0, help="Those made more than so many days ago.")] = None,
    max_size: Annotated[str, typer.Option(help="The oldest, until no more than this is left, such as 10G.")] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would go, and remove nothing.")] = False,
    cache: Cache = None,
) -> None:
    """Remove entries; what interrupted runs left goes too. A later run makes again what it needs."""
    from zsbench.cache import Pruning, choose_prunable, list_entries, list_partials, remove_entries

    if not unused and older_than is None and not max_size:
        raise ConfigError(
            "`zsbench cache prune` was not told what may go.",
            "It takes --unused, --older-than DAYS or --max-size SIZE.",
            "Example: `zsbench cache prune --unused`.",
            source="the command line",
        )
    store = _store(cache)
    pruning = Pruning(unused, older_than, _parse_size(max_size) if max_size else None)
    chosen, partials = choose_prunable(list_entries(store), pruning), list_partials(store)
    for entry in chosen:
        typer.echo(f"{entry.key[:8]}  {_tell_size(entry.size):>9}  {entry.kind:<14}  {entry.label}")
    if dry_run:
        typer.echo(f"{len(chosen)} entries and {len(partials)} interrupted stages would go.")
        return
    freed = remove_entries(store, chosen, partials)
    typer.echo(f"{len(chosen)} entries and {len(partials)} interrupted stages removed, {_tell_size(freed)} free.")


def _store(cache: Path | None) -> Store:
    """The store of a cache folder."""
    from zsbench.store import Store, default_cache

    return Store((cache or default_cache()) / "store")


def _row(entry: EntryFacts) -> dict[str, Any]:
    """One entry as JSON."""
    return {
        "kind": entry.kind,
        "key": entry.key,
        "label": entry.label,
        "bytes": entry.size,
        "finished": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(entry.finished)),
        "runs": list(entry.runs),
    }


def _parse_size(text: str) -> int:
    """``10G`` -> bytes.

    Raises:
        ConfigError: It is no size.
    """
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([kmgt]?)b?", text.strip().lower())
    if found is None:
        raise ConfigError(
            f"--max-size got {text!r}.",
            "A size is a number with k, M, G or T.",
            "Example: `--max-size 10G`.",
            source="the command line",
            key="max_size",
        )
    return int(float(found[1]) * UNITS[found[2]])


def _tell_size(size: float) -> str:
    """Bytes as people read them."""
    units = ["B", "kB", "MB", "GB"]
    while size >= 1000 and len(units) > 1:  # noqa: PLR2004  decimal units
        size /= 1000
        units.pop(0)
    return f"{size:.0f} {units[0]}" if units[0] == "B" else f"{size:.1f} {units[0]}"


def _tell_age(moment: float) -> str:
    """How long ago, in the largest whole unit."""
    seconds = max(0.0, time.time() - moment)
    for unit, length in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= length:
            return f"{int(seconds // length)} {unit}"
    return f"{int(seconds)} s"
