"""``zsbench gate --speed``: fail when captioning became slower, and only then."""

from __future__ import annotations

import contextlib
import json
import signal
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from zsbench.errors import ConfigError
from zsbench.store import default_cache

if TYPE_CHECKING:
    from zsbench.gate.speed import SpeedReport, SpeedRules
    from zsbench.gate.stopwatch import CommandSide, Worker

__all__ = ["SpeedFlags", "run_speed_gate"]

ENDINGS = ("SIGTERM", "SIGHUP")


@dataclass(frozen=True)
class SpeedFlags:
    """What is compared."""

    base: str
    head: str
    base_command: str
    head_command: str
    captioners: list[str]
    tasks: list[str]
    limit: int
    threads: int


def run_speed_gate(flags: SpeedFlags, rules: SpeedRules, *, as_json: bool) -> None:
    """Measure both sides by turns and judge them."""
    from zsbench.gate.speed import judge_times, measure_sides

    def tell(done: int, base: Mapping[str, float], head: Mapping[str, float]) -> None:
        """One line a pair on standard error."""
        place = f"[{done}/{rules.rounds}]" if done else "warm-up, not counted:"
        typer.echo(f"{place} base {sum(base.values()):.2f} s, head {sum(head.values()):.2f} s", err=True)

    began = time.monotonic()
    with (
        _unwinding(),
        tempfile.TemporaryDirectory(prefix="zsbench-speed-") as folder,
        _sides(flags, Path(folder)) as (base, head),
    ):
        pairs = measure_sides(base, head, rules.rounds, tell)
    report = judge_times(pairs, rules)
    took = time.monotonic() - began
    typer.echo(json.dumps(_document(report), indent=1) if as_json else f"{_text(report)} The gate took {took:.0f} s.")
    raise typer.Exit(report.exit_code)


@contextlib.contextmanager
def _unwinding() -> Iterator[None]:
    """Let a request to end run every clean-up on its way out, with the exit code that shells give it."""

    def end(number: int, frame: object) -> None:  # noqa: ARG001  the signature of a handler
        raise SystemExit(128 + number)

    numbers = [getattr(signal, name) for name in ENDINGS if hasattr(signal, name)]
    before = {number: signal.signal(number, end) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def _sides(flags: SpeedFlags, scratch: Path) -> Iterator[tuple[CommandSide | Worker, CommandSide | Worker]]:
    """Both sides, ready to be measured."""
    from zsbench.gate.stopwatch import CommandSide

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
    with _side("base", flags.base, flags, scratch) as base, _side("head", flags.head, flags, scratch) as head:
        yield base, head


@contextlib.contextmanager
def _side(name: str, place: str, flags: SpeedFlags, scratch: Path) -> Iterator[Worker]:
    """One checkout's worker, ready to be measured."""
    from zsbench.gate.stopwatch import checkout, start_worker

    own = scratch / name
    own.mkdir()
    order = {
        "matrix": "",
        "captioners": flags.captioners,
        "tasks": flags.tasks,
        "limit": flags.limit,
        "threads": flags.threads,
    }
    with checkout(place, own) as root, start_worker(root, own, order, default_cache()) as worker:
        began = time.monotonic()
        typer.echo(f"{name}: {place} makes what captioning needs and the cache lacks", err=True)
        worker.get_ready(root)
        took = time.monotonic() - began
        typer.echo(f"{name}: ready after {took:.0f} s, times {', '.join(worker.timed)}", err=True)
        yield worker


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
