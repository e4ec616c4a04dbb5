"""Ratios of benchmarks: what a benchmark declares, the committed file, its table, and what got worse.

``docs/benchmarks.md`` says how to write a benchmark. ``python tests/support/zsbench_ratios.py`` writes the table of the
committed file into that page again.
"""

from __future__ import annotations

import datetime as dt
import functools
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
FILE = ROOT / "results" / "benchmarks.json"
PAGE = ROOT / "docs" / "benchmarks.md"
BEGIN, END = "<!-- ratios: begin -->", "<!-- ratios: end -->"
SCHEMA_VERSION = 1
DROP = 0.2
"""Share of a committed ratio that may be lost before it counts as worse."""


@dataclass(frozen=True, kw_only=True)
class Declaration:
    """What ``@pytest.mark.ratio`` says of a benchmark.

    Attributes:
        what: Ours, in a few words.
        against: The naive way, in a few words.
        size: Of the problem.
        of: What is divided: seconds unless the benchmark measures something else.
        aim: Least ratio that is wanted, if one is.
        note: What a reader must know beside the number.
    """

    what: str
    against: str
    size: str
    of: str = "seconds"
    aim: float | None = None
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Ratio:
    """One measured ratio: naive / ours, so that more is better.

    Attributes:
        ratio: Median over pairs of neighbours.
        low: Smallest of the pairs.
        high: Largest of the pairs.
        pairs: How many.
        machine: Where.
        revision: Commit of the code, marked ``+`` when files were changed.
        date: When, ISO 8601.
        declared: What the benchmark said of itself then.
    """

    ratio: float
    low: float
    high: float
    pairs: int
    machine: str
    revision: str
    date: str
    declared: Declaration

    @classmethod
    def of_pairs(cls, pairs: Sequence[tuple[float, float]], declared: Declaration) -> Ratio:
        """The ratio of (ours, naive) pairs, measured here and now."""
        values = [naive / ours for ours, naive in pairs]
        return cls(
            ratio=_round(statistics.median(values)),
            low=_round(min(values)),
            high=_round(max(values)),
            pairs=len(values),
            machine=describe_machine(),
            revision=describe_revision(),
            date=dt.datetime.now(dt.UTC).date().isoformat(),
            declared=declared,
        )


@dataclass(frozen=True)
class Ratios:
    """The committed file: ratios by benchmark, and why the others have none.

    Attributes:
        measured: By benchmark, ``test_file.py::test_name[case]``.
        missing: The reason, by benchmark.
    """

    measured: dict[str, Ratio]
    missing: dict[str, str]

    def merge(self, fresh: Ratios, known: Mapping[str, Declaration], gone: Callable[[str], bool]) -> Ratios:
        """These with what a run found put over them.

        Args:
            fresh: Of the run.
            known: What every collected benchmark says of itself: a better word needs no new measurement.
            gone: Whether a benchmark that was not collected no longer exists.
        """
        measured, missing = {}, {}
        old = {name for name in [*self.measured, *self.missing] if not gone(name)}
        for name in sorted({*known, *old}):
            if name in fresh.measured:
                measured[name] = fresh.measured[name]
            elif name in fresh.missing:
                missing[name] = fresh.missing[name]
            elif name in self.measured:
                measured[name] = replace(self.measured[name], declared=known.get(name, self.measured[name].declared))
            else:
                missing[name] = self.missing.get(name, "not run yet")
        return Ratios(measured, missing)


def time_sides(
    benchmark: Any,
    ours: Callable[[], Any],
    naive: Callable[[], Any],
    *,
    rounds: int,
    warmup: int,
    measure: Callable[[Any], float] | None,
) -> tuple[list[tuple[float, float]], Any, Any]:
    """Call both sides by turns, naive and ours, then ours and naive, and so on.

    Returns:
        (ours, naive) of every round, what ours returned last, what naive returned last.
    """
    pairs: list[tuple[float, float]] = []
    last: dict[str, tuple[float, Any]] = {}

    def call(name: str, side: Callable[[], Any]) -> None:
        start = time.perf_counter()
        result = side()
        seconds = time.perf_counter() - start
        last[name] = (measure(result) if measure else seconds, result)

    def before() -> None:
        if len(pairs) % 2 == 0:
            call("naive", naive)

    def after() -> None:
        if len(pairs) % 2:
            call("naive", naive)
        pairs.append((last["ours"][0], last["naive"][0]))

    benchmark.pedantic(lambda: call("ours", ours), setup=before, teardown=after, rounds=rounds, warmup_rounds=warmup)
    return pairs[warmup:], last["ours"][1], last["naive"][1]


def read_ratios(path: Path | None = None) -> Ratios:
    """The committed file, or another; empty where there is none."""
    path = path or FILE
    if not path.exists():
        return Ratios({}, {})
    document = json.loads(path.read_text(encoding="utf-8"))
    assert document["schema_version"] == SCHEMA_VERSION, f"{path} has another schema version: measure all of it again"
    measured = {
        name: Ratio(**{**entry, "declared": Declaration(**entry["declared"])})
        for name, entry in document["ratios"].items()
    }
    return Ratios(measured, document["not_measured"])


def write_ratios(ratios: Ratios) -> None:
    """Write the committed file, in order of the benchmarks' names, and its table between the marks of the page."""
    document = {
        "schema_version": SCHEMA_VERSION,
        "ratios": {name: asdict(ratio) for name, ratio in sorted(ratios.measured.items())},
        "not_measured": dict(sorted(ratios.missing.items())),
    }
    FILE.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    PAGE.write_text(fill_page(PAGE.read_text(encoding="utf-8"), ratios), encoding="utf-8")


def fill_page(page: str, ratios: Ratios) -> str:
    """A page with the table between its marks."""
    head, rest = page.split(BEGIN)
    return f"{head}{BEGIN}\n\n{render_table(ratios)}\n{END}{rest.split(END)[1]}"


def render_table(ratios: Ratios) -> str:
    """The committed ratios as Markdown, machines and revisions named below."""
    where = sorted({(r.machine, r.revision, r.date) for r in ratios.measured.values()})
    lines = [
        "| ours | the naive way | size | of | times better | lowest, highest of pairs | aim | measured |",
        "|---|---|---|---|--:|--:|--:|--:|",
    ]
    lines += [_row(ratio, where.index((ratio.machine, ratio.revision, ratio.date)) + 1) for _, ratio in _sorted(ratios)]
    lines += ["", *(f"{n}. {date}, `{revision}`: {machine}" for n, (machine, revision, date) in enumerate(where, 1))]
    notes = [f"- {ratio.declared.what}: {ratio.declared.note}" for _, ratio in _sorted(ratios) if ratio.declared.note]
    lines += ["", *dict.fromkeys(notes)] if notes else []
    missing = [f"- `{name}`: {reason}" for name, reason in sorted(ratios.missing.items())]
    lines += ["", "Not measured:", "", *missing] if missing else []
    return "\n".join(lines) + "\n"


def compare_ratios(fresh: Ratios, committed: Ratios) -> list[str]:
    """What a run found beside what is committed, one line a benchmark."""
    lines = []
    for name, ratio in sorted(fresh.measured.items()):
        old = committed.measured.get(name)
        beside = f"committed {old.ratio:g} [{old.low:g}, {old.high:g}]" if old else "not committed"
        verdict = judge_ratio(ratio, old)
        found = f"{ratio.ratio:8g} [{ratio.low:g}, {ratio.high:g}] of {ratio.declared.of}"
        lines.append(f"{verdict:<9} {found}, {beside}  {name}")
    lines += [f"{'NO RATIO':<9} {reason}  {name}" for name, reason in sorted(fresh.missing.items())]
    machines = {ratio.machine for ratio in [*fresh.measured.values(), *committed.measured.values()]}
    if len(machines) > 1:
        lines.append(f"machines differ, so may ratios: {' | '.join(sorted(machines))}")
    return lines


def judge_ratio(fresh: Ratio, committed: Ratio | None) -> str:
    """WORSE, LOW or ok: a fifth lost and every pair below every committed one, or below its aim."""
    if committed and fresh.ratio < committed.ratio * (1 - DROP) and fresh.high < committed.low:
        return "WORSE"
    return "LOW" if fresh.declared.aim is not None and fresh.ratio < fresh.declared.aim else "ok"


@functools.cache
def describe_machine() -> str:
    """Processor, cores, accelerator, system and versions, in one line."""
    from zsbench.fingerprints import FileHashes
    from zsbench.paths import default_cache
    from zsbench.provenance import collect_provenance

    known = collect_provenance([], {}, "cpu", FileHashes(default_cache()))
    torch = sys.modules.get("torch")
    card = torch.cuda.get_device_name() if torch is not None and torch.cuda.is_available() else ""
    parts = [known.processor, f"{os.cpu_count()} cores", card, platform.system(), f"Python {known.python}"]
    return ", ".join(part for part in [*parts, f"torch {known.packages.get('torch')}"] if part)


@functools.cache
def describe_revision() -> str:
    """The commit as it was first asked for, marked when code was changed."""
    git = ["git", "-C", str(ROOT)]
    try:
        commit = subprocess.run([*git, "rev-parse", "HEAD"], capture_output=True, text=True, check=True).stdout.strip()
        code = [*git, "diff", "--quiet", "HEAD", "--", ".", ":(exclude)results", ":(exclude)docs"]
        return f"{commit[:12]}{'+' if subprocess.run(code, check=False).returncode else ''}"
    except (OSError, subprocess.SubprocessError):
        return "unknown"


def _sorted(ratios: Ratios) -> list[tuple[str, Ratio]]:
    """By benchmark."""
    return sorted(ratios.measured.items())


def _row(ratio: Ratio, place: int) -> str:
    """One benchmark's row."""
    said = ratio.declared
    span = f"{ratio.low:g}, {ratio.high:g}" if ratio.pairs > 1 else "one pair"
    cells = [said.what, said.against, said.size, said.of, f"{ratio.ratio:g}", span]
    return "| " + " | ".join([*cells, "" if said.aim is None else f"{said.aim:g}", str(place)]) + " |"


def _round(value: float) -> float:
    """Three digits that say something."""
    return float(f"{value:.3g}")


if __name__ == "__main__":
    write_ratios(read_ratios())
