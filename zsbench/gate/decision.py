"""The decision: a verdict for every metric of every cell, and one for the gate."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from zsbench.errors import IncomparableError, UnknownIdError
from zsbench.gate.alignment import Pairing, align
from zsbench.gate.rules import GateRules
from zsbench.gate.verdicts import CellVerdict, Example, GateReport, Judgement, Verdict, worst
from zsbench.interfaces import Metric
from zsbench.judgement.pairing import ExamplePairs
from zsbench.judgement.significance import Question, correct_family
from zsbench.metrics.rows import row_key
from zsbench.records import CellRecord
from zsbench.seeds import derive_seed
from zsbench.statistics import RESAMPLES, Clusters
from zsbench.statistics.noninferiority import Measured, noninferiority_all
from zsbench.statistics.power import detectable_difference, needed_examples

__all__ = ["judge_run"]

EXAMPLES_SHOWN = 5
_FINENESS = 4
"""The smallest p-value is this much below what Holm's correction asks of the first test."""

MetricMaker = Callable[[str], Metric]
"""The metric behind an id."""


def judge_run(
    run: Sequence[CellRecord], baseline: Sequence[CellRecord], make_metric: MetricMaker, rules: GateRules
) -> GateReport:
    """Judge every cell of a run against its baseline.

    Args:
        run: The cells of a run.
        baseline: Baselines by cell, one each.
        make_metric: Makes a metric from its id.
        rules: What is tolerated.

    Raises:
        IncomparableError: Records must not be compared, or none have a cell in common.
        UnknownIdError: The rules name something that neither run nor baseline has.
    """
    _check_named(rules, [*run, *baseline])
    olds = {c.name: c for c in baseline if rules.looks_at(c.captioner, c.task) and not c.failed}
    news = {cell.name: cell for cell in run if rules.looks_at(cell.captioner, cell.task)}
    common = [name for name in news if name in olds]
    _check_common(common, news, olds)
    keys = {name: _gated_keys(olds[name], rules) for name in common}
    most = sum(map(len, keys.values()))
    resamples = max(RESAMPLES, math.ceil(_FINENESS * most / rules.level))
    measuring = _Measuring(make_metric, rules, resamples)
    drafts = [_draft_cell(news[name], olds[name], keys[name], measuring) for name in common]
    tests = [judgement for cell in drafts for judgement in cell.judgements if judgement.finding]
    adjusted = iter(correct_family([_ask(judgement) for judgement in tests]))
    cells = [_decide_cell(cell, adjusted, max(1, len(tests)), rules) for cell in drafts]
    cells += [_absent(old) for name, old in olds.items() if name not in news and _is_expected(old, news)]
    notes = [f"{name} has no baseline yet; `--update-baseline` writes one." for name in news if name not in olds]
    return GateReport(cells=tuple(cells), rules=rules, tests=len(tests), notes=tuple(notes))


def _ask(draft: Judgement) -> Question:
    """Whether a metric dropped: one-sided, unlike the questions of tables."""
    finding = draft.finding
    if finding is None:
        return Question(math.nan, math.nan)
    return Question(finding.difference, finding.p_value, draft.factor)


@dataclass(frozen=True)
class _Measuring:
    """How metrics are measured.

    Attributes:
        make_metric: Makes a metric from its id.
        rules: What is tolerated.
        resamples: So many random exchanges that the smallest p-value survives Holm's correction.
    """

    make_metric: MetricMaker
    rules: GateRules
    resamples: int


def _gated_keys(old: CellRecord, rules: GateRules) -> list[str]:
    """Which rows of a baseline are gated, by ``row_key``."""
    return [key for key, row in old.rows.items() if rules.looks_at_metric(row.id, row.grouping)]


def _check_named(rules: GateRules, cells: Sequence[CellRecord]) -> None:
    """Refuse rules that name what is not there: a gate that looks past everything would pass."""
    metrics = {row.id for cell in cells for row in cell.rows.values()}
    known = {
        "captioner": ({cell.captioner for cell in cells}, rules.captioners),
        "task": ({cell.task for cell in cells}, rules.tasks),
        "metric": (metrics, [*rules.metrics, *rules.tolerances]),
    }
    for kind, (there, named) in known.items():
        for id_ in named:
            if id_ not in there:
                raise UnknownIdError(kind, id_, there)


def _check_common(common: Sequence[str], news: Mapping[str, CellRecord], olds: Mapping[str, CellRecord]) -> None:
    """Refuse a gate that would look at nothing."""
    if not common:
        raise IncomparableError(
            f"No cell of the run has a baseline: {', '.join(news) or 'none'} against {', '.join(olds) or 'none'}.",
            "A gate compares cells of the same name.",
            "Check --captioners and --tasks, or write a baseline with `--update-baseline`.",
            field="cells",
        )


def _is_expected(old: CellRecord, news: Mapping[str, CellRecord]) -> bool:
    """Whether a run should have a baseline's cell: one of another matrix is another run's."""
    matrices = {cell.matrix for cell in news.values()}
    return not old.matrix or "" in matrices or old.matrix in matrices


def _absent(old: CellRecord) -> CellVerdict:
    """A cell that the baseline has and the run does not."""
    return CellVerdict(
        name=old.name,
        task=old.task,
        captioner=old.captioner,
        verdict=Verdict.INCONCLUSIVE,
        reason="The run has no such cell; name what is gated with --captioners and --tasks if that is meant.",
        known=len(old.predictions),
        revision=old.revision,
    )


def _draft_cell(new: CellRecord, old: CellRecord, keys: Sequence[str], measuring: _Measuring) -> CellVerdict:
    """A cell with every metric measured and none decided."""
    head = CellVerdict(
        name=new.name,
        task=new.task,
        captioner=new.captioner,
        verdict=Verdict.PASS,
        n=len(new.predictions),
        known=len(old.predictions),
        revision=old.revision,
    )
    if new.failed:
        return replace(head, verdict=Verdict.FAIL, reason=f"The cell failed: {new.result.reason}")
    if lost := [row.id for row in new.result.unreadable if row.id in old.predictions]:
        return replace(head, verdict=Verdict.FAIL, reason=f"{len(lost)} images cannot be read, first: {lost[0]}.")
    pairing = align(new, old, keys=keys, allow=measuring.rules.allow)
    if not pairing.changed:
        _check_unchanged_scores(pairing, keys)
        return head
    judgements = _draft(pairing, keys, measuring)
    examples = tuple(_worst_examples(pairing, measuring.make_metric))
    return replace(head, changed=len(pairing.changed), judgements=judgements, worst=examples)


def _check_unchanged_scores(pairing: Pairing, keys: Sequence[str]) -> None:
    """Refuse equal captions with unequal statistics: then the metric or the record changed, not the captioner."""
    for key in keys:
        found = pairing.pairs(key)
        if found and not np.allclose(found.own, found.other, rtol=1e-3, atol=1e-5, equal_nan=True):
            raise IncomparableError(
                f"{pairing.new.name}: no caption changed, and the statistics of {key} did.",
                "Equal captions have equal statistics under one version of a metric.",
                "Score with the version of the baseline, or write a new one with `--update-baseline`.",
                field="statistics",
            )


def _draft(pairing: Pairing, keys: Sequence[str], measuring: _Measuring) -> tuple[Judgement, ...]:
    """Every metric of a cell, measured; those of one part of the split are tested on the same draws."""
    rules = measuring.rules
    drafts: dict[str, Judgement] = {}
    parts: dict[tuple[str | None, str | None], dict[str, Measured]] = {}
    clusters: dict[tuple[str | None, str | None], Clusters | None] = {}
    for key in keys:
        row = pairing.old.rows[key]
        part, found = (row.grouping, row.group), pairing.pairs(key)
        drafts[key], measured = _measure(pairing, key, found, measuring)
        if measured and found:
            parts.setdefault(part, {})[key] = measured
            clusters[part] = found.clusters
    for part, tests in parts.items():
        seed = derive_seed("gate", rules.seed, pairing.new.name, *map(str, part))
        findings = noninferiority_all(
            list(tests.values()),
            level=rules.level,
            resamples=measuring.resamples,
            seed=seed,
            clusters=clusters[part],
        )
        for key, finding in zip(tests, findings, strict=True):
            drafts[key] = replace(drafts[key], finding=finding)
    return tuple(drafts.values())


def _measure(
    pairing: Pairing, key: str, found: ExamplePairs | None, measuring: _Measuring
) -> tuple[Judgement, Measured | None]:
    """The scores of one metric, and what is to be tested; None if that cannot be."""
    row = pairing.old.rows[key]
    blank = Judgement(
        metric=row.id,
        title=row.title,
        factor=row.factor,
        grouping=row.grouping,
        group=row.group,
        old=math.nan,
        new=math.nan,
        tolerance=measuring.rules.tolerated(row.id, row.factor),
    )
    if found is None:
        return _unmeasured(blank, pairing, key), None
    metric = measuring.make_metric(row.id)
    after, before = found.own, found.other
    scores = replace(blank, old=metric.aggregate(before), new=metric.aggregate(after))
    if math.isnan(scores.new) or math.isnan(scores.old):
        return _not_a_number(scores), None
    return scores, (metric, after, before)


def _unmeasured(blank: Judgement, pairing: Pairing, key: str) -> Judgement:
    """A metric that one of the records lacks: passes only if the baseline lacks it too."""
    if key not in pairing.old.statistics:
        return replace(blank, reason="The baseline has no such score.")
    reason = (pairing.new.rows[key].not_run if key in pairing.new.rows else "") or "The run has no such score."
    return replace(blank, verdict=Verdict.INCONCLUSIVE, reason=f"Not run: {reason}")


def _not_a_number(scores: Judgement) -> Judgement:
    """A score that is NaN is no score."""
    if math.isnan(scores.old):
        return replace(scores, verdict=Verdict.INCONCLUSIVE, reason="The baseline's score is NaN: write a new one.")
    return replace(scores, verdict=Verdict.FAIL, reason="The score is NaN.")


def _decide_cell(cell: CellVerdict, adjusted: Iterator[float], tests: int, rules: GateRules) -> CellVerdict:
    """A cell with every metric decided."""
    decided = tuple(_decide(j, next(adjusted), tests, rules) if j.finding else j for j in cell.judgements)
    verdict = worst([cell.verdict, *(judgement.verdict for judgement in decided)])
    return replace(cell, judgements=decided, verdict=verdict)


def _decide(draft: Judgement, adjusted: float, tests: int, rules: GateRules) -> Judgement:
    """Significant and material: FAIL; significant: WARN; unable to see a material drop: INCONCLUSIVE; else PASS."""
    finding = draft.finding
    if finding is None:
        return draft
    detectable = detectable_difference(finding.standard_error, level=rules.level / tests, one_sided=True)
    measured = replace(draft, adjusted=adjusted, detectable=detectable)
    drop = f"dropped by {-finding.difference * draft.factor:.2f}"
    if finding.difference < 0 and adjusted <= rules.level:
        if -finding.difference > draft.tolerance:
            return replace(measured, verdict=Verdict.FAIL, reason=f"{drop}, beyond the tolerance.")
        return replace(measured, verdict=Verdict.WARN, reason=f"{drop}, within the tolerance.")
    if finding.lower >= -draft.tolerance or detectable <= draft.tolerance:
        return measured
    needed = int(needed_examples(finding.n, detectable, draft.tolerance)) if draft.tolerance > 0 else 0
    reason = f"{finding.n} examples find a drop of {detectable * draft.factor:.2f}"
    reason += f"; about {needed} find the tolerated one." if needed else "; no drop is tolerated."
    return replace(measured, verdict=Verdict.INCONCLUSIVE, needed=needed, reason=reason)


def _worst_examples(pairing: Pairing, make_metric: MetricMaker) -> Iterator[Example]:
    """The examples that lost most under the task's main metric."""
    key = row_key(str(pairing.old.result.main_metric), None, None)
    found = pairing.pairs(key)
    if found is None:
        return
    changes = _changes(make_metric(key), found)
    order = sorted(zip(changes, pairing.ids, strict=True))
    for change, id_ in order[:EXAMPLES_SHOWN]:
        if change < 0:
            yield Example(id=id_, old=pairing.old.predictions[id_], new=pairing.new.predictions[id_], change=change)


def _changes(metric: Metric, found: ExamplePairs) -> list[float]:
    """How much each example's own score changed, in printed points."""
    return [float(value) for value in (metric.values(found.own) - metric.values(found.other)) * metric.factor]
