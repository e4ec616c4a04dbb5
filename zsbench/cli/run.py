"""``zsbench run``: a matrix from training to table."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from zsbench.cli.engine import AddressOption, EngineOption, StoreOption, check_engine
from zsbench.cli.matrices import find_matrix
from zsbench.config import Matrix, parse_assignment, read_matrix
from zsbench.errors import ConfigError
from zsbench.interfaces.specs import CaptionerSpec
from zsbench.plugins import load_plugins
from zsbench.store import default_cache

if TYPE_CHECKING:
    from zsbench.runner.session import RunResult

__all__ = ["run_matrix"]


def run_matrix(  # noqa: PLR0913  one parameter a flag
    matrix: Annotated[
        str, typer.Argument(help="A YAML file, or the id of a shipped matrix. Default: the embedded one.")
    ] = "",
    captioners: Annotated[str, typer.Option("--captioners", "-c", help="Ids, comma-separated.")] = "",
    tasks: Annotated[str, typer.Option("--tasks", "-t", help="Ids, comma-separated.")] = "",
    corpora: Annotated[str, typer.Option(help="Ids of text corpora, comma-separated.")] = "",
    gap_models: Annotated[str, typer.Option(help="Ids, comma-separated; put under every captioner with one.")] = "",
    seeds: Annotated[str, typer.Option(help="Numbers, comma-separated.")] = "",
    limit: Annotated[int | None, typer.Option("--limit", "-L", help="Only the first N examples of each task.")] = None,
    data_root: Annotated[str, typer.Option(help="Folder of the data, or id of a data root.")] = "",
    output: Annotated[Path, typer.Option("--output", "-o", help="The results folder.")] = Path("results"),
    batch_size: Annotated[int | None, typer.Option("--batch-size", "-b", help="Images captioned together.")] = None,
    device: Annotated[str, typer.Option(help="A torch device, such as cpu or cuda:0.")] = "",
    workers: Annotated[
        int | None, typer.Option(min=1, help="Processes that make stages side by side. Default: as `threads` allows.")
    ] = None,
    engine: EngineOption = "local",
    address: AddressOption = "",
    store: StoreOption = "",
    settings: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Any key of the matrix; repeatable.")
    ] = None,
    fail_on_error: Annotated[
        bool, typer.Option("--fail-on-error", help="An unreadable image fails its cells instead of being left out.")
    ] = False,
    profile: Annotated[
        bool, typer.Option("--profile", help="Tell where time went, and how far that is from the machine's limit.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the plan and stop.")] = False,
    online: Annotated[bool, typer.Option("--online", help="Allow downloads of model weights.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document instead of the table.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks.")] = False,
) -> None:
    """Train, caption and score every cell of a matrix, and print the comparison table."""
    from zsbench.cli.progress import make_reporter
    from zsbench.runner.session import RunOptions, Session

    plugins = load_plugins()
    for record in plugins.broken:
        typer.echo(f"note: plugin {record.name!r} is {record.status}: {record.reason}", err=True)
    flags: dict[str, Any] = {
        "captioners": _split(captioners),
        "tasks": _split(tasks),
        "corpora": _split(corpora),
        "gap_models": [{"id": id_} for id_ in _split(gap_models) or []] or None,
        "seeds": _seeds(seeds),
        "limit": limit,
        "data_root": data_root or None,
        "batch_size": batch_size,
        "device": device or None,
        "fail_on_error": fail_on_error or None,
    }
    overrides = {key: value for key, value in flags.items() if value is not None}
    if "tasks" in overrides:
        overrides["missing_tasks"] = "error"  # whoever names a task wants it
    known = plugins.registry.ids(CaptionerSpec)
    overrides |= dict(parse_assignment(text, known) for text in settings or [])
    chosen = _with_baseline(find_matrix(matrix, plugins.registry), overrides)
    check_engine(engine, address, store)
    place = {"engine": engine, "address": address, "store_url": store}
    options = RunOptions(chosen, output, default_cache(), online=online, workers=workers, profile=profile, **place)
    reporter = make_reporter()
    session = Session(options, plugins, reporter)
    if dry_run:
        from zsbench.cli.report import plan_document, plan_text

        plan = session.plan(dry=True)
        survey = session.survey(plan)
        why = session.explain(plan, survey)
        typer.echo(json.dumps(plan_document(plan, survey, why), indent=1) if as_json else plan_text(plan, survey, why))
        return
    with reporter:
        result = session.run()
    _print_result(result, as_json=as_json, debug=debug)
    if result.exit_code:
        raise typer.Exit(result.exit_code)


def _with_baseline(path: Path, overrides: dict[str, Any]) -> Matrix:
    """The matrix; if ``--captioners`` leaves its baseline out, the first captioner becomes the baseline."""
    captioners = overrides.get("captioners")
    if captioners and "baseline" not in overrides:
        baseline = read_matrix(path, {}).baseline
        overrides = {**overrides, "baseline": baseline if baseline in captioners else captioners[0]}
    return read_matrix(path, overrides)


def _split(text: str) -> list[str] | None:
    """``a,b`` -> ``[a, b]``; None if nothing was given."""
    return [part.strip() for part in text.split(",") if part.strip()] or None


def _seeds(text: str) -> list[int] | None:
    """``0,1`` -> ``[0, 1]``.

    Raises:
        ConfigError: A seed is no whole number.
    """
    try:
        return [int(part) for part in _split(text) or []] or None
    except ValueError:
        raise ConfigError(
            f"--seeds got {text!r}.",
            "Seeds are whole numbers, comma-separated.",
            "Example: `--seeds 0,1,2`.",
            source="the command line",
            key="seeds",
        ) from None


def _print_result(result: RunResult, *, as_json: bool, debug: bool) -> None:
    """The table and where everything is, or one JSON document."""
    from zsbench.cli.report import result_document, result_text

    if as_json:
        typer.echo(json.dumps(result_document(result), indent=1, ensure_ascii=False))
        return
    typer.echo(result_text(result), nl=False)
    if debug:
        for record in result.outcome.stages.values():
            typer.echo(record.traceback, err=True) if record.traceback else None
