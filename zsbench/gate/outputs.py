"""A gate's report for people and machines: terminal text, Markdown, JSON, JUnit XML, github-action-benchmark."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import Any
from xml.etree import ElementTree as ET

from zsbench.gate.verdicts import CellVerdict, GateReport, Judgement, Verdict
from zsbench.judgement.significance import format_p_value

__all__ = ["gate_benchmark", "gate_document", "gate_junit", "gate_markdown", "gate_text"]

_SIGNS = {Verdict.PASS: "✅", Verdict.WARN: "⚠️", Verdict.INCONCLUSIVE: "❔", Verdict.FAIL: "❌"}
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


def gate_text(report: GateReport) -> str:
    """The report for a terminal: captions changed first, then what is not a plain pass, then the verdict."""
    lines = []
    for cell in report.cells:
        lines.append(f"{cell.verdict:<12}  {cell.name}: {_changed(cell)}")
        lines += [f"  {judgement.verdict:<12}  {_sentence(judgement)}" for judgement in _told(cell)]
        if cell.verdict == Verdict.FAIL:
            lines += [f"    {example.id}: {example.old!r} -> {example.new!r}" for example in cell.worst]
    lines += [f"note: {note}" for note in report.notes]
    lines.append("")
    lines.append(f"{report.verdict}: {_summary(report)}")
    return "\n".join(lines)


def gate_markdown(report: GateReport) -> str:
    """The report as a comment on a pull request."""
    lines = [f"## {_SIGNS[report.verdict]} zsbench gate: {report.verdict}", "", _summary(report), ""]
    lines += ["| | Cell | Captions changed | n |", "|---|---|---:|---:|"]
    lines += [f"| {_SIGNS[cell.verdict]} | {_escape(cell.name)} | {cell.changed} | {cell.n} |" for cell in report.cells]
    tested = [(cell, judgement) for cell in report.cells for judgement in cell.judgements]
    if tested:
        lines += ["", "| | Cell | Metric | Before | After | Change | Bounds | p (Holm) | |"]
        lines += ["|---|---|---|--:|--:|--:|--:|--:|---|"]
        lines += [_row(cell, judgement) for cell, judgement in tested]
    for cell in report.cells:
        lines += _details(cell)
    lines += [f"- {_escape(note)}" for note in report.notes]
    return "\n".join(lines) + "\n"


def gate_document(report: GateReport) -> dict[str, Any]:
    """The report as JSON; scores are on the metrics' own scales, NaN is null."""
    return {
        "verdict": report.verdict.value,
        "exit_code": report.exit_code,
        "tests": report.tests,
        "rules": report.rules.model_dump(mode="json"),
        "notes": list(report.notes),
        "cells": [
            {
                "name": cell.name,
                "task": cell.task,
                "captioner": cell.captioner,
                "verdict": cell.verdict.value,
                "reason": cell.reason,
                "captions_changed": cell.changed,
                "n": cell.n,
                "n_baseline": cell.known,
                "baseline_revision": cell.revision,
                "metrics": [_judgement_document(judgement) for judgement in cell.judgements],
                "worst": [vars(example) for example in cell.worst],
            }
            for cell in report.cells
        ],
    }


def gate_junit(report: GateReport) -> str:
    """The report as JUnit XML: a suite a cell, a case a metric; INCONCLUSIVE is skipped."""
    root = ET.Element("testsuites", name="zsbench gate")
    for cell in report.cells:
        cases = list(_cases(cell))
        failures = sum(verdict == Verdict.FAIL for _, verdict, _ in cases)
        skipped = sum(verdict == Verdict.INCONCLUSIVE for _, verdict, _ in cases)
        counts = {"tests": str(len(cases)), "failures": str(failures), "errors": "0", "skipped": str(skipped)}
        suite = ET.SubElement(root, "testsuite", {"name": _legal(cell.name), **counts})
        for name, verdict, text in cases:
            case = ET.SubElement(suite, "testcase", classname=_legal(cell.name), name=_legal(name))
            if verdict == Verdict.FAIL:
                ET.SubElement(case, "failure", message=_legal(text)).text = _legal(text)
            elif verdict == Verdict.INCONCLUSIVE:
                ET.SubElement(case, "skipped", message=_legal(text))
            else:
                ET.SubElement(case, "system-out").text = _legal(text)
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def gate_benchmark(report: GateReport) -> list[dict[str, Any]]:
    """The report as github-action-benchmark's ``customBiggerIsBetter``; without tests there are no points."""
    return [
        {
            "name": f"{cell.name} {judgement.label}",
            "unit": "points",
            "value": round(judgement.new * judgement.factor, 4),
            "range": f"± {judgement.finding.standard_error * judgement.factor:.4f}" if judgement.finding else "",
            "extra": f"{judgement.verdict}, baseline {judgement.old * judgement.factor:.4f} of {cell.revision}",
        }
        for cell in report.cells
        for judgement in cell.judgements
        if not math.isnan(judgement.new)
    ]


def _summary(report: GateReport) -> str:
    """What was looked at."""
    changed = sum(cell.changed for cell in report.cells)
    captions = sum(cell.n for cell in report.cells)
    tests = f"{report.tests} tests at a one-sided level of {report.rules.level:g} together (Holm)"
    said = tests if report.tests else "nothing to test"
    return f"{changed} of {captions} captions changed in {len(report.cells)} cells; {said}."


def _changed(cell: CellVerdict) -> str:
    """How many captions changed, before anything else."""
    if cell.reason:
        return cell.reason
    of = f"{cell.n}" if cell.n == cell.known else f"{cell.n} (the baseline has {cell.known})"
    count = "no caption" if not cell.changed else f"{cell.changed} captions" if cell.changed > 1 else "1 caption"
    return f"{count} of {of} changed since {cell.revision or 'the baseline'}"


def _told(cell: CellVerdict) -> list[Judgement]:
    """The judgements worth a line: all of a cell that is not a plain pass, gravest first."""
    order = list(Verdict)
    kept = [judgement for judgement in cell.judgements if judgement.verdict != Verdict.PASS or judgement.finding]
    return sorted(kept, key=lambda judgement: -order.index(judgement.verdict))


def _sentence(judgement: Judgement) -> str:
    """One metric in a line."""
    if judgement.finding is None:
        return f"{judgement.label}: {judgement.reason}"
    text = (
        f"{judgement.label} {_points(judgement, judgement.old)} -> {_points(judgement, judgement.new)}: "
        f"{_change(judgement)} {_bounds(judgement)}, {format_p_value(judgement.adjusted)}, "
        f"tolerance {judgement.tolerance * judgement.factor:g}"
    )
    return f"{text}. {judgement.reason}" if judgement.reason else text


def _points(judgement: Judgement, value: float) -> str:
    """A score as it is printed."""
    return f"{value * judgement.factor:.2f}"


def _change(judgement: Judgement) -> str:
    """The difference as it is printed."""
    return f"{judgement.finding.difference * judgement.factor:+.2f}" if judgement.finding else "–"


def _bounds(judgement: Judgement) -> str:
    """One-sided bounds as they are printed."""
    if judgement.finding is None:
        return "–"
    return f"[{judgement.finding.lower * judgement.factor:+.2f}, {judgement.finding.upper * judgement.factor:+.2f}]"


def _row(cell: CellVerdict, judgement: Judgement) -> str:
    """One metric as a row of a Markdown table."""
    cells = [
        _SIGNS[judgement.verdict],
        _escape(cell.name),
        _escape(judgement.label),
        *(_points(judgement, value) for value in (judgement.old, judgement.new)),
        _change(judgement),
        _bounds(judgement),
        "–" if math.isnan(judgement.adjusted) else format_p_value(judgement.adjusted),
        _escape(judgement.reason),
    ]
    return f"| {' | '.join(cells)} |"


def _details(cell: CellVerdict) -> list[str]:
    """The examples that lost most, folded away."""
    reason = [f"- {_escape(cell.name)}: {_escape(cell.reason)}"] if cell.reason else []
    if not cell.worst:
        return reason
    lines = ["", f"<details><summary>What lost most in {_escape(cell.name)}</summary>", ""]
    lines += ["| Example | Before | After | Change |", "|---|---|---|--:|"]
    lines += [
        f"| {_escape(one.id)} | {_escape(one.old)} | {_escape(one.new)} | {one.change:+.1f} |" for one in cell.worst
    ]
    return [*reason, *lines, "", "</details>"]


def _escape(text: str) -> str:
    """Text that Markdown and HTML show as it is, on one line; nobody is notified by an @."""
    plain = re.sub(r"([\\`*_|\[\]#~])", r"\\\1", " ".join(_CONTROL.sub(" ", text).split()))
    for sign, safe in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ("@", "&#64;")):
        plain = plain.replace(sign, safe)
    return plain


def _judgement_document(judgement: Judgement) -> dict[str, Any]:
    """One metric as JSON."""
    finding = judgement.finding
    numbers = {
        "old": judgement.old,
        "new": judgement.new,
        "difference": finding.difference if finding else math.nan,
        "standard_error": finding.standard_error if finding else math.nan,
        "lower": finding.lower if finding else math.nan,
        "upper": finding.upper if finding else math.nan,
        "p_value": finding.p_value if finding else math.nan,
        "p_adjusted": judgement.adjusted,
        "tolerance": judgement.tolerance,
        "detectable": judgement.detectable,
    }
    return {
        "metric": judgement.metric,
        "title": judgement.title,
        "factor": judgement.factor,
        "grouping": judgement.grouping,
        "group": judgement.group,
        "verdict": judgement.verdict.value,
        "reason": judgement.reason,
        **{key: None if math.isnan(value) else value for key, value in numbers.items()},
        "needed": judgement.needed,
    }


def _cases(cell: CellVerdict) -> Iterator[tuple[str, Verdict, str]]:
    """Name, verdict and text of every case of a suite: the cell's own if no metric speaks for it."""
    if cell.reason or not cell.judgements:
        yield "captions changed", cell.verdict, _changed(cell)
    for judgement in cell.judgements:
        yield judgement.label, judgement.verdict, _sentence(judgement)


def _legal(text: str) -> str:
    """Text without what XML cannot hold."""
    return _CONTROL.sub("�", text.encode("utf-8", "replace").decode("utf-8"))
