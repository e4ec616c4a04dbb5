"""The rows of a leaderboard: one a system, seeds together, with intervals and significance groups."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from zsbench.interfaces import Metric
from zsbench.metrics.rows import row_key
from zsbench.metrics.signature import Signature
from zsbench.report.entries import Entry
from zsbench.reported import ReportedRow
from zsbench.statistics import paired_difference

__all__ = ["LEVEL", "Board", "Column", "Row", "Score", "build_board", "find_candidates"]

LEVEL = 0.05
_RESAMPLES = 4_000
_ABSENT = "–"


@dataclass(frozen=True)
class Column:
    """One metric, or the main metric of one group."""

    key: str
    title: str
    factor: float
    signature: str


@dataclass(frozen=True)
class Score:
    """A score in printed points; NaN if there is none.

    Attributes:
        value: Mean over seeds.
        low: Lowest end of the 95 % intervals.
        high: Highest end.
        reason: Why there is none.
        best: Whether it is the best of its column.
    """

    value: float
    low: float = math.nan
    high: float = math.nan
    reason: str = ""
    best: bool = False

    @property
    def known(self) -> bool:
        """Whether there is a score."""
        return not math.isnan(self.value)


@dataclass(frozen=True, kw_only=True)
class Row:
    """One system on one task.

    Attributes:
        label: What people call it.
        captioner: Its id.
        facts: Values by heading, for people.
        scores: One a column.
        group: Significance group, 1 the best; 0 if it cannot be compared.
        note: Why it cannot be compared; empty if it can.
        run: Its newest run.
        run_file: Page of that run.
        measured: Whether it was measured here, not reported elsewhere.
    """

    label: str
    captioner: str
    facts: Mapping[str, str]
    scores: Sequence[Score]
    group: int = 0
    note: str = ""
    run: str = ""
    run_file: str = ""
    measured: bool = True


@dataclass(frozen=True, kw_only=True)
class Board:
    """One task's leaderboard.

    Attributes:
        task: Its id.
        title: What people call it.
        kind: captioning or question-answering.
        n: Examples to be scored.
        columns: Those that have a score, the main metric first.
        rows: Best first.
        not_run: Why a metric has no column, by title.
        remark: How the data differ from the official split; empty if they do not.
    """

    task: str
    title: str
    kind: str
    n: int
    columns: Sequence[Column]
    rows: Sequence[Row]
    not_run: Mapping[str, str]
    remark: str = ""

    @property
    def facts(self) -> Sequence[str]:
        """Headings of the facts that say something."""
        headings = list(dict.fromkeys(heading for row in self.rows for heading in row.facts))
        return [h for h in headings if any(row.facts.get(h, _ABSENT) != _ABSENT for row in self.rows)]

    @property
    def span(self) -> tuple[float, float]:
        """Lowest and highest end of the main metric's intervals, for the little charts."""
        ends = [end for row in self.rows for end in (row.scores[0].low, row.scores[0].high)]
        known = [end for end in ends if not math.isnan(end)]
        return (min(known), max(known)) if known and min(known) < max(known) else (0.0, 1.0)


def build_board(
    entries: Sequence[Entry], make_metric: Callable[[str], Metric], reported: Sequence[ReportedRow] = ()
) -> Board:
    """The leaderboard of one task.

    Args:
        entries: The newest record of every cell of the task that did not fail.
        make_metric: Makes a metric from its id.
        reported: Published numbers, of any task; they stand below what was measured, without group or best score.
    """
    result = entries[-1].evidence.result
    columns = _columns(entries)
    remark = next((str(text) for e in entries if (text := e.evidence.result.get("split_remark"))), "")
    systems: dict[tuple[str, ...], list[Entry]] = {}
    for entry in entries:
        systems.setdefault(entry.system, []).append(entry)
    rows = [_build_row(own, columns) for own in systems.values()]
    pairs = sorted(zip(rows, systems.values(), strict=True), key=lambda pair: -_rank(pair[0].scores[0]))
    rows = _mark_best(_group([row for row, _ in pairs], [own[0] for _, own in pairs], columns[0].key, make_metric))
    return Board(
        task=entries[0].evidence.task,
        title=str(result["task_title"]),
        kind=str(result["task_kind"]),
        n=max(int(entry.evidence.result["n"]) for entry in entries),
        columns=columns,
        rows=[*rows, *_reported_rows(reported, entries[0].evidence.task, columns, remark)],
        remark=remark,
        not_run=_not_run(entries, columns),
    )


def _reported_rows(reported: Sequence[ReportedRow], task: str, columns: Sequence[Column], remark: str) -> list[Row]:
    """Published numbers of a task that have a column, one row a method, corpus and source."""
    found: dict[tuple[str, str, str], list[ReportedRow]] = {}
    for entry in reported:
        if entry.task == task:
            found.setdefault((entry.method, entry.corpus or "", entry.source.title), []).append(entry)
    rows = [_reported_row(own, columns, remark) for own in found.values()]
    return [row for row in rows if any(score.known for score in row.scores)]


def _reported_row(own: Sequence[ReportedRow], columns: Sequence[Column], remark: str) -> Row:
    """One method as published."""
    first = own[0]
    printed = {row_key(id_, e.grouping, e.group): score for e in own for id_, score in e.scores.items()}
    facts = {
        "Train text": first.corpus,
        "Encoder": first.backbone,
        "LM": first.language_model,
        "Run by": first.run_by,
        "Source": f"reported: {first.source.title}, {first.table}",
    }
    return Row(
        label=first.method,
        captioner=first.method,
        facts={heading: value or _ABSENT for heading, value in facts.items()},
        scores=[Score(printed.get(column.key, math.nan)) for column in columns],
        note="Reported on the official split; the measured rows are of other data."
        if remark
        else "Reported, not measured here.",
        measured=False,
    )


def find_candidates(config: Mapping[str, Any]) -> str:
    """How many candidates a captioner makes an image, wherever its settings say so."""
    for key, value in config.items():
        if key == "candidates":
            return str(value)
        if isinstance(value, Mapping) and (found := find_candidates(value)) != _ABSENT:
            return found
    return _ABSENT


def _columns(entries: Sequence[Entry]) -> list[Column]:
    """The main metric, every other metric of the whole, then the main metric of the groups that the card shows."""
    whole: dict[str, Column] = {}
    grouped: dict[str, Column] = {}
    for entry in entries:
        result = entry.evidence.result
        shown = {*result["groupings"], result["headline_grouping"]} - {None}
        for key, row in entry.evidence.rows.items():
            if row["score"] is None:
                continue
            column = Column(key, row["title"], row["factor"], row["signature"])
            if row["grouping"] is None:
                whole.setdefault(key, column)
            elif row["grouping"] in shown and row["id"] == result["main_metric"]:
                grouped.setdefault(key, replace(column, title=f"{row['title']} {row['group']}"))
    main = str(entries[-1].evidence.result["main_metric"])
    ordered = sorted(whole.values(), key=lambda column: column.key != main)
    return [*ordered, *grouped.values()] or [Column(main, main, 1.0, "")]


def _not_run(entries: Sequence[Entry], columns: Sequence[Column]) -> dict[str, str]:
    """Why a metric of the whole has no column, by title."""
    shown = {column.key for column in columns}
    rows = [row for entry in entries for key, row in entry.evidence.rows.items() if key not in shown]
    return {row["title"]: row["not_run"] for row in rows if row["grouping"] is None and row["not_run"]}


def _build_row(own: Sequence[Entry], columns: Sequence[Column]) -> Row:
    """One system from its records, one a seed."""
    newest = own[-1]
    evidence = newest.evidence
    return Row(
        label=newest.label,
        captioner=evidence.captioner,
        facts=_facts(own),
        scores=[_score(own, column) for column in columns],
        run=newest.run,
        run_file=newest.run_file,
        measured=True,
    )


def _facts(own: Sequence[Entry]) -> dict[str, str]:
    """What a system is made of, and where its numbers come from."""
    evidence = own[-1].evidence
    result, cell = evidence.result, evidence.result["cell"]
    provenance = evidence.run.get("provenance") or {}
    facts = {
        "Train text": cell["corpus"],
        "Encoder": result["encoder"],
        "LM": result["language_model"],
        "Gap model": cell["gap_model"],
        "Candidates": find_candidates(result["config"]),
        "Data beyond text": ", ".join(result["data_used"]),
        "Seeds": ", ".join(str(seed) for seed in sorted(e.evidence.result["cell"]["seed"] for e in own)),
        "Examples/s": _rate(own),
        "s/batch": _batch_seconds(result.get("timing")),
        "Revision": evidence.revision,
        "Run by": provenance.get("run_by") or provenance.get("processor"),
        "Source": result["source"],
    }
    return {heading: str(value or _ABSENT) for heading, value in facts.items()}


def _rate(own: Sequence[Entry]) -> str:
    """Examples over the seconds of their batches; at least so many where only the whole stage was timed."""
    timed = [e.evidence.result.get("timing") for e in own]
    if all(timed):
        return f"{sum(t['examples'] for t in timed if t) / sum(t['seconds'] for t in timed if t):.1f}"
    seconds = sum(float(e.evidence.result["seconds"].get("predict", 0)) for e in own)
    return f"≥ {sum(int(e.evidence.result['n']) for e in own) / seconds:.1f}" if seconds else ""


def _batch_seconds(timing: Mapping[str, float] | None) -> str:
    """The median batch's seconds, and its size: the time until the captions of a batch are there."""
    return f"{timing['median_batch_seconds']:.3g} of {timing['batch_size']}" if timing else ""


def _score(own: Sequence[Entry], column: Column) -> Score:
    """The mean over seeds, with the hull of the intervals."""
    rows = [row for entry in own if (row := entry.evidence.rows.get(column.key))]
    scored = [row for row in rows if row["score"] is not None and not math.isnan(row["score"])]
    if not scored:
        return Score(math.nan, reason=rows[0]["not_run"] if rows else "")
    factor = column.factor
    mean = sum(row["score"] for row in scored) / len(scored)
    ends = [[row[end] for row in scored if row[end] is not None] for end in ("low", "high")]
    low, high = (pick(end) * factor if end else math.nan for pick, end in zip((min, max), ends, strict=True))
    return Score(mean * factor, low, high)


def _rank(score: Score) -> float:
    """What rows are ordered by; a row without a score comes last."""
    return score.value if score.known else -math.inf


def _mark_best(rows: Sequence[Row]) -> list[Row]:
    """The best score of every column that several comparable rows have."""
    marked = list(rows)
    for place in range(len(rows[0].scores) if rows else 0):
        known = [row.scores[place].value for row in rows if row.scores[place].known and not row.note]
        best = max(known) if len(known) > 1 else math.nan
        marked = [_with_best(row, place) if row.scores[place].value == best and not row.note else row for row in marked]
    return marked


def _with_best(row: Row, place: int) -> Row:
    """A row whose score at a place is the best."""
    return replace(row, scores=[replace(s, best=s.best or p == place) for p, s in enumerate(row.scores)])


def _group(rows: Sequence[Row], entries: Sequence[Entry], key: str, make_metric: Callable[[str], Metric]) -> list[Row]:
    """Rows with significance groups: a group ends where a system differs significantly from the group's first."""
    usual = Counter(_comparable_signature(entry, key) for entry in entries).most_common(1)
    level = LEVEL / max(1, len(rows) - 1)
    grouped, group, first = [], 0, None
    for row, entry in zip(rows, entries, strict=True):
        if (signature := _comparable_signature(entry, key)) != usual[0][0] or not signature:
            grouped.append(replace(row, note="Its signature differs from the others': do not compare."))
            continue
        if first is None or _differs(first, entry, key, make_metric, level):
            group, first = group + 1, entry
        grouped.append(replace(row, group=group))
    return grouped


def _comparable_signature(entry: Entry, key: str) -> str:
    """The signature without the version of zsbench; empty without a score."""
    row = entry.evidence.rows.get(key)
    if not row or not row["signature"] or row["score"] is None:
        return ""
    signature = Signature.parse(row["signature"])
    return str(Signature(signature.metric, tuple(pair for pair in signature.fields if pair[0] != "zsbench")))


def _differs(first: Entry, other: Entry, key: str, make_metric: Callable[[str], Metric], level: float) -> bool:
    """Whether two systems differ significantly on the same examples."""
    one, two = (entry.evidence.statistics.get(key) for entry in (first, other))
    if one is None or two is None or first.evidence.member_ids(key) != other.evidence.member_ids(key):
        return True
    found = paired_difference(make_metric(key.partition("@")[0]), one, two, resamples=_RESAMPLES)
    return found.p_value <= level
