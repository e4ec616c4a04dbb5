"""``zsbench gate --speed``: fail when captioning became slower, and only then."""

from __future__ import annotations

import contextlib
import json
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from zsbench.errors import ConfigError
from zsbench.store import default_cache

if TYPE_CHECKING:
    from zsbench.gate.speed import SpeedReport, SpeedRules
    from zsbench.gate.stopwatch import CommandSide, RunSide

__all__ = ["SpeedFlags", "run_speed_gate"]


@dataclass(frozen=True)
class SpeedFlags:
    """What is compared."""

    base: str
    head: str
    base_command: str
    head_command: str
    captioners: str
    limit: int
    threads: int


def run_speed_gate(flags: SpeedFlags, rules: SpeedRules, *, as_json: bool) -> None:
    """Measure both sides by turns and judge them."""
    from zsbench.gate.speed import judge_times, measure_sides

    def tell(done: int) -> None:
        """One line a pair on standard error."""
        typer.echo(f"[{done}/{rules.rounds}] pair measured" if done else "warm-up done", err=True)

    with tempfile.TemporaryDirectory(prefix="zsbench-speed-") as folder, _sides(flags, Path(folder)) as (base, head):
        pairs = measure_sides(base, head, rules.rounds, tell)
    report = judge_times(pairs, rules)
    typer.echo(json.dumps(_document(report), indent=1) if as_json else _text(report))
    raise typer.Exit(report.exit_code)


@contextlib.contextmanager
def _sides(flags: SpeedFlags, scratch: Path) -> Iterator[tuple[CommandSide | RunSide, CommandSide | RunSide]]:
    """Both sides, ready to be measured."""
    from zsbench.gate.stopwatch import CommandSide, RunSide, checkout

    if flags.base_command and flags.head_command:
        here = Path.cwd()
        yield (
            CommandSide.parse(flags.base_command, here, flags.threads),
            CommandSide.parse(flags.head_command, here, flags.threads),
        )
        return
    if not flags.base or flags.base_command or flags.head_command:
        raise ConfigError(
            "The speed gate has one side.",
            "It compares two checkouts or revisions, or two commands.",
            "Name both: `--base origin/main --head .`, or `--base-command A --head-command B`.",
            key="base",
        )
    arguments = ["--limit", str(flags.limit), *(["--captioners", flags.captioners] if flags.captioners else [])]
    places = scratch / "base", scratch / "head"
    for place in places:
        place.mkdir()
    with checkout(flags.base, places[0]) as base, checkout(flags.head, places[1]) as head:
        yield (
            RunSide(base, places[0], arguments, flags.threads, default_cache()),
            RunSide(head, places[1], arguments, flags.threads, default_cache()),
        )


def _document(report: SpeedReport) -> dict[str, object]:
    """The report as JSON."""
    return {
        "verdict": report.verdict.value,
        "exit_code": report.exit_code,
        "rules": asdict(report.rules),
        "findings": [{**asdict(finding), "verdict": finding.verdict.value} for finding in report.findings],
    }


def _text(report: SpeedReport) -> str:
    """The report for people."""
    lines = [
        f"{finding.verdict:<12}  {finding.name}: {finding.base:.3f} s -> {finding.head:.3f} s, "
        f"ratio {finding.ratio:.3f} [{finding.low:.3f}, {finding.high:.3f}]"
        for finding in report.findings
    ]
    rules = report.rules
    summary = (
        f"{rules.rounds} pairs by turns; tolerated: {100 * rules.slowdown:g} % slower, {rules.floor:g} s in any case."
    )
    return "\n".join([*lines, "", f"{report.verdict}: {summary}"])
