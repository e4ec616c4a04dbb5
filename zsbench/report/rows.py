"""The rows of a leaderboard: one a system, seeds together, with intervals and significance groups."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from zsbench.gate.alignment import scored_examples
from zsbench.interfaces import Metric
from zsbench.judgement.best import ColumnScore, judge_column
from zsbench.judgement.difference import measure_difference
from zsbench.judgement.significance import Question, group_ranks
from zsbench.judgement.uncertainty import SeedScore, pool_seeds
from zsbench.metrics.rows import row_key
from zsbench.records.models import Timing
from zsbench.report.entries import Entry
from zsbench.reported import ReportedRow

__all__ = ["Board", "Column", "Row", "Score", "build_board", "find_candidates"]

_ABSENT = "–"
_SCORE = ("score", "standard_error", "low", "high")


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
    remark = next((str(text) for e in entries if (text := e.evidence.result.split_remark)), "")
    systems: dict[tuple[str, ...], list[Entry]] = {}
    for entry in entries:
        systems.setdefault(entry.system, []).append(entry)
    built = _judge([(_build_row(own, columns), own) for own in systems.values()], columns)
    ranked = sorted(built, key=lambda pair: (bool(pair[0].note), -_rank(pair[0].scores[0])))
    rows = _group(ranked, columns[0].key, make_metric)
    return Board(
        task=entries[0].evidence.task,
        title=str(result.task_title),
        kind=str(result.task_kind),
        n=max(int(entry.evidence.result.n) for entry in entries),
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
        shown = {*result.groupings, result.headline_grouping} - {None}
        for key, row in entry.evidence.rows.items():
            if row.score is None:
                continue
            column = Column(key, row.title, row.factor, row.signature)
            if row.grouping is None:
                whole.setdefault(key, column)
            elif row.grouping in shown and row.id == result.main_metric:
                grouped.setdefault(key, replace(column, title=f"{row.title} {row.group}"))
    main = str(entries[-1].evidence.result.main_metric)
    ordered = sorted(whole.values(), key=lambda column: column.key != main)
    return [*ordered, *grouped.values()] or [Column(main, main, 1.0, "")]


def _not_run(entries: Sequence[Entry], columns: Sequence[Column]) -> dict[str, str]:
    """Why a metric of the whole has no column, by title."""
    shown = {column.key for column in columns}
    rows = [row for entry in entries for key, row in entry.evidence.rows.items() if key not in shown]
    return {row.title: row.not_run for row in rows if row.grouping is None and row.not_run}


def _build_row(own: Sequence[Entry], columns: Sequence[Column]) -> Row:
    """One system from its records, one a seed."""
    newest = own[-1]
    return Row(
        label=newest.label,
        captioner=newest.evidence.captioner,
        facts=_facts(own),
        scores=[_score(own, column) for column in columns],
        run=newest.run,
        run_file=newest.run_file,
        measured=True,
    )


def _signature(entry: Entry, key: str) -> str:
    """The signature of a score; empty without a score."""
    row = entry.evidence.rows.get(key)
    return str(row.signature) if row and row.score is not None else ""


def _facts(own: Sequence[Entry]) -> dict[str, str]:
    """What a system is made of, and where its numbers come from."""
    evidence = own[-1].evidence
    result, cell = evidence.result, evidence.result.cell
    provenance = evidence.run.provenance
    facts = {
        "Train text": cell.corpus,
        "Encoder": result.encoder,
        "LM": result.language_model,
        "Gap model": cell.gap_model,
        "Candidates": find_candidates(result.config),
        "Supervision": result.supervision,
        "Data beyond text": ", ".join(result.data_used),
        "Seeds": ", ".join(str(seed) for seed in sorted(e.evidence.result.cell.seed for e in own)),
        "Examples/s": _rate(own),
        "s/batch": _batch_seconds(result.timing),
        "Revision": evidence.revision,
        "Run by": provenance.processor,
        "Source": result.source,
    }
    return {heading: str(value or _ABSENT) for heading, value in facts.items()}


def _rate(own: Sequence[Entry]) -> str:
    """Examples over the seconds of their batches; at least so many where only the whole stage was timed."""
    timed = [timing for e in own if (timing := e.evidence.result.timing)]
    if len(timed) == len(own):
        return f"{sum(one.examples for one in timed) / sum(one.seconds for one in timed):.1f}"
    seconds = sum(float(e.evidence.result.seconds.get("predict", 0)) for e in own)
    return f"≥ {sum(int(e.evidence.result.n) for e in own) / seconds:.1f}" if seconds else ""


def _batch_seconds(timing: Timing | None) -> str:
    """The median batch's seconds, and its size: the time until the captions of a batch are there."""
    return f"{timing.median_batch_seconds:.3g} of {timing.batch_size}" if timing else ""


def _score(own: Sequence[Entry], column: Column) -> Score:
    """The score over seeds, with its interval."""
    rows = [row for entry in own if (row := entry.evidence.rows.get(column.key))]
    pooled = pool_seeds([SeedScore(*(_number(getattr(row, key)) for key in _SCORE)) for row in rows])
    reason = rows[0].not_run if rows and math.isnan(pooled.score) else ""
    value, low, high = (number * column.factor for number in (pooled.score, pooled.low, pooled.high))
    return Score(value, low, high, reason)


def _number(value: float | None) -> float:
    """A number of a record; NaN for none."""
    return math.nan if value is None else float(value)


def _rank(score: Score) -> float:
    """What rows are ordered by; a row without a score comes last."""
    return score.value if score.known else -math.inf


def _judge(
    built: Sequence[tuple[Row, Sequence[Entry]]], columns: Sequence[Column]
) -> list[tuple[Row, Sequence[Entry]]]:
    """Rows with the best scores of every column, and why one does not compete for that of the first."""
    found = [
        judge_column([_column_score(row.scores[place], own, column.key) for row, own in built])
        for place, column in enumerate(columns)
    ]
    judged = []
    for number, (row, own) in enumerate(built):
        scores = [replace(score, best=found[place][number].best) for place, score in enumerate(row.scores)]
        judged.append((replace(row, scores=scores, note=found[0][number].objection), own))
    return judged


def _column_score(score: Score, own: Sequence[Entry], key: str) -> ColumnScore:
    """What decides how a system stands in a column."""
    result = own[-1].evidence.result
    signatures = [text for entry in own if (text := _signature(entry, key))]
    return ColumnScore(score.value, 1.0, signatures, "; ".join(result.data_used), result.supervision)


def _group(ranked: Sequence[tuple[Row, Sequence[Entry]]], key: str, make_metric: Callable[[str], Metric]) -> list[Row]:
    """Rows with significance groups; those that do not compete have none."""
    places = [n for n, (row, own) in enumerate(ranked) if not row.note and all(_has_statistics(e, key) for e in own)]

    def test(first: int, other: int) -> Question:
        """Whether two systems differ on the examples of both."""
        metric = make_metric(key.partition("@")[0])
        sides = [[scored_examples(e.evidence, key) for e in ranked[places[n]][1]] for n in (first, other)]
        found = measure_difference(metric, key, *sides)
        return Question(found.difference, found.p_value, metric.factor)

    groups = dict(zip(places, group_ranks(len(places), test), strict=True))
    return [replace(row, group=groups.get(place, 0)) for place, (row, _) in enumerate(ranked)]


def _has_statistics(entry: Entry, key: str) -> bool:
    """Whether a record has a score and what a test needs."""
    return key in entry.evidence.statistics and bool(_signature(entry, key))
