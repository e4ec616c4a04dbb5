"""``zsbench gate``: fail when captions got worse, and only then."""

from __future__ import annotations

import contextlib
import json
import traceback
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from zsbench.errors import ConfigError, UnknownIdError, ZsbenchError
from zsbench.plugins import load_plugins

if TYPE_CHECKING:
    from zsbench.gate import GateReport, GateRules

__all__ = ["run_gate"]

REFUSED = 2
INTERRUPTED = 130
"""What shells make of Ctrl-C; 1 would say that captions got worse."""


def run_gate(  # noqa: PLR0913  one parameter a flag
    run: Annotated[Path, typer.Argument(help="The run to judge, such as results/latest.")] = Path("results/latest"),
    baseline: Annotated[
        Path, typer.Option("--baseline", help="Results folder with baselines, or the folder of another run.")
    ] = Path("results"),
    captioners: Annotated[str, typer.Option("--captioners", "-c", help="Ids, comma-separated. Default: all.")] = "",
    tasks: Annotated[str, typer.Option("--tasks", "-t", help="Ids, comma-separated. Default: all.")] = "",
    metrics: Annotated[str, typer.Option("--metrics", "-m", help="Ids, comma-separated. Default: all.")] = "",
    tolerance: Annotated[
        list[str] | None,
        typer.Option(metavar="POINTS|ID=POINTS", help="Tolerated drop in printed points, of all metrics or of one."),
    ] = None,
    level: Annotated[float, typer.Option(help="One-sided level of the whole gate.")] = 0.05,
    groups: Annotated[bool, typer.Option("--groups", help="Gate the groups of each task too.")] = False,
    allow: Annotated[
        list[str] | None, typer.Option(metavar="FIELD", help="A field that may differ: config, encoder, ...")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
    markdown: Annotated[Path | None, typer.Option(metavar="FILE", help="Write a pull-request comment.")] = None,
    junit: Annotated[Path | None, typer.Option(metavar="FILE", help="Write JUnit XML.")] = None,
    benchmark: Annotated[Path | None, typer.Option(metavar="FILE", help="Write github-action-benchmark JSON.")] = None,
    update_baseline: Annotated[
        bool, typer.Option("--update-baseline", help="Write the run as a new baseline instead of judging it.")
    ] = False,
    revision: Annotated[str, typer.Option(help="Name of the new baseline. Default: the commit of the run.")] = "",
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks.")] = False,  # noqa: ARG001  main reads it
) -> None:
    """Compare a run with its baseline: exit 0 pass, 1 fail, 3 inconclusive, 2 refused."""
    with _no_false_alarm():
        rules = _make_rules(captioners, tasks, metrics, tolerance or [], level, groups, allow or [])
        if update_baseline:
            return _update(run, baseline, rules, revision)
        report = _judge(run, baseline, rules)
        _write_outputs(report, markdown, junit, benchmark)
        _print_report(report, as_json=as_json)
        raise typer.Exit(report.exit_code)


@contextlib.contextmanager
def _no_false_alarm() -> Iterator[None]:
    """Turn what nobody foresaw into exit code 2, for 1 says that captions got worse."""
    try:
        yield
    except (ZsbenchError, typer.Exit):
        raise
    except KeyboardInterrupt:
        raise typer.Exit(INTERRUPTED) from None
    except Exception:  # noqa: BLE001  it is shown in full
        traceback.print_exc()
        raise typer.Exit(REFUSED) from None


def _update(run: Path, baseline: Path, rules: GateRules, revision: str) -> None:
    """Write baselines and say where they are."""
    from zsbench.records import read_cells, write_baselines
    from zsbench.registry import make_metric

    chosen = [
        cell
        for cell in read_cells(run, partial(make_metric, load_plugins().registry))
        if rules.looks_at(cell.captioner, cell.task)
    ]
    written = write_baselines(chosen, baseline, revision=revision)
    typer.echo("\n".join(f"wrote {path}" for path in written) or "nothing was written: no cell has scores")


def _judge(run: Path, baseline: Path, rules: GateRules) -> GateReport:
    """The report of a quality gate."""
    from zsbench.gate import find_baseline, judge_run
    from zsbench.records import read_cells
    from zsbench.registry import make_metric

    known = partial(make_metric, load_plugins().registry)
    return judge_run(read_cells(run, known), find_baseline(baseline, known), known, rules)


def _make_rules(
    captioners: str,
    tasks: str,
    metrics: str,
    tolerance: list[str],
    level: float,
    groups: bool,
    allow: list[str],
) -> GateRules:
    """The rules behind the flags."""
    from pydantic import ValidationError

    from zsbench.gate.rules import ALLOWABLE, TOLERANCE, GateRules
    from zsbench.registry import config_error

    for field in allow:
        if field not in ALLOWABLE:
            raise UnknownIdError("field to allow", field, ALLOWABLE)
    named = dict(_parse_tolerance(text) for text in tolerance)
    try:
        return GateRules(
            level=level,
            tolerance=named.pop("", TOLERANCE),
            tolerances=named,
            metrics=_split(metrics),
            captioners=_split(captioners),
            tasks=_split(tasks),
            groups=groups,
            allow=allow,
        )
    except ValidationError as error:
        raise config_error(error, GateRules, source="the flags of zsbench gate") from None


def _parse_tolerance(text: str) -> tuple[str, float]:
    """``1.5`` or ``cider-d=2``: metric, empty for all, and points."""
    metric, _, number = text.rpartition("=")
    try:
        points = float(number)
    except ValueError:
        points = -1.0
    if not 0 <= points < float("inf"):
        raise ConfigError(
            f"The tolerance is {text!r}.",
            "Expected points as they are printed, 0 or more: `1.5`, or `ID=1.5` for one metric.",
            "Give it as `--tolerance 1.5 --tolerance cider-d=2`.",
            key="tolerance",
        )
    return metric, points


def _split(text: str) -> list[str]:
    """Comma-separated ids."""
    return [part.strip() for part in text.split(",") if part.strip()]


def _write_outputs(report: GateReport, markdown: Path | None, junit: Path | None, benchmark: Path | None) -> None:
    """The files that were asked for."""
    from zsbench.gate.outputs import gate_benchmark, gate_junit, gate_markdown

    if markdown:
        markdown.write_text(gate_markdown(report), encoding="utf-8")
    if junit:
        junit.write_text(gate_junit(report), encoding="utf-8")
    if benchmark:
        benchmark.write_text(json.dumps(gate_benchmark(report), indent=1) + "\n", encoding="utf-8")


def _print_report(report: GateReport, *, as_json: bool) -> None:
    """The report on standard output."""
    from zsbench.gate.outputs import gate_document, gate_text

    typer.echo(json.dumps(gate_document(report), indent=1, ensure_ascii=False) if as_json else gate_text(report))
