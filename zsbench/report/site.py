"""Pages from records: the leaderboard, runs, captioners, samples. No server, no request to anywhere else."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from zsbench.errors import MissingDataError
from zsbench.gate.tasks import open_task
from zsbench.interfaces import Metric
from zsbench.judgement.failures import has_failed, tell_failed_comparison
from zsbench.records import find_run, read_cells, read_history
from zsbench.records.models import HistoryRow, MetricRow
from zsbench.registry import Registry, make_metric
from zsbench.report.charts import draw_history
from zsbench.report.entries import Entry, group_by_task, name_file, newest_entries, read_entries
from zsbench.report.media import Media, collect_media
from zsbench.report.pages import Pages
from zsbench.report.plots import draw_run
from zsbench.report.rows import build_board
from zsbench.report.viewer import write_viewer_data
from zsbench.reported import read_reported

__all__ = ["SiteOptions", "SiteSummary", "build_leaderboard", "build_report_pages"]


@dataclass(frozen=True)
class SiteOptions:
    """Where pages come from and go to.

    Attributes:
        output: Folder of the pages.
        registry: Knows metrics and tasks.
        cache: Where data written on demand go.
        data_root: Folder or id of the data; empty for the records' own, where that is a registered id.
        images: Whether images are shown.
    """

    output: Path
    registry: Registry
    cache: Path
    data_root: str = ""
    images: bool = True


@dataclass(frozen=True)
class SiteSummary:
    """What was written, and what could not be shown."""

    index: Path
    tasks: int
    systems: int
    runs: int
    remarks: Sequence[str]


def build_leaderboard(results: Path, options: SiteOptions) -> SiteSummary:
    """The site of a results folder; records that cannot be read are left out and named in the remarks.

    Raises:
        MissingDataError: It holds no record that can be read.
    """
    site, damaged = _Site(options), list[str]()
    entries = read_entries(results, site.make_metric, damaged)
    if not entries:
        raise MissingDataError(
            f"{results} holds no record. {' '.join(damaged[:1])}".strip(),
            "Expected run folders or baselines.",
            "Run something first: `zsbench run`.",
            path=results,
        )
    newest = [entry for entry in newest_entries(entries) if not entry.evidence.failed]
    folder = results / "reported"
    reported = read_reported(folder) if folder.is_dir() else ()
    boards = [build_board(own, site.make_metric, reported) for own in group_by_task(newest).values()]
    site.pages.write("index.html", "leaderboard.html", {"boards": boards, "failed": _failed(entries)})
    remarks = site.write_samples(entries)
    runs = _by_run(entries)
    for run, own in runs.items():
        site.write_run(run, own, folder="runs", charts=[])
    past = read_history(results, damaged)
    for captioner, own in _by_captioner(entries).items():
        site.write_captioner(captioner, own, past)
    return SiteSummary(options.output / "index.html", len(boards), len(newest), len(runs), [*damaged, *remarks])


def build_report_pages(run: Path, options: SiteOptions) -> SiteSummary:
    """The pages of one run, with plots; cells that cannot be read are left out and named in the remarks.

    Raises:
        MissingDataError: It is no run folder, or has no cell that can be read.
        CorruptDataError: Its ``run.json`` is not what was written.
    """
    name = find_run(run).resolve().name
    site, damaged = _Site(options), list[str]()
    entries = [Entry(cell, name) for cell in read_cells(run, site.make_metric, damaged)]
    if not entries:
        raise MissingDataError(
            f"{run} has no cell to show. {' '.join(damaged[:1])}".strip(),
            "A report needs one.",
            "Run it again: `zsbench run`.",
            path=run,
        )
    scored = [entry for entry in entries if not entry.evidence.failed]
    charts = [chart for own in group_by_task(scored).values() for chart in draw_run(own, site.make_metric)]
    site.write_run(name, entries, folder="", charts=charts)
    remarks = [*damaged, *site.write_samples(entries)]
    return SiteSummary(options.output / "index.html", len(group_by_task(entries)), len(scored), 1, remarks)


class _Site:
    """Pages while they are written."""

    def __init__(self, options: SiteOptions) -> None:
        self.options = options
        self.pages = Pages(options.output)
        self._metrics: dict[str, Metric] = {}

    def make_metric(self, id_: str) -> Metric:
        """The metric behind an id, made once."""
        if id_ not in self._metrics:
            self._metrics[id_] = make_metric(self.options.registry, id_)
        return self._metrics[id_]

    def write_samples(self, entries: Sequence[Entry]) -> list[str]:
        """The sample viewer of every task; what could not be shown."""
        remarks = []
        for task, own in group_by_task(entries).items():
            media = self._media(own)
            data = write_viewer_data(task, own, media, self.options.output, self.make_metric)
            title = own[-1].evidence.result.task_title
            content = {"title": title, "task": task, "data": data}
            self.pages.write(f"samples/{name_file(task)}.html", "samples.html", content)
            remarks += [f"{task}: {media.remark}"] if media.remark else []
        return remarks

    def _media(self, own: Sequence[Entry]) -> Media:
        """What is shown of a task's examples."""
        options = self.options
        ids = {id_ for entry in own for id_ in entry.evidence.predictions}
        newest = own[-1].evidence
        return collect_media(
            lambda: open_task(newest, options.registry, options.cache, data_root=options.data_root),
            ids,
            options.output,
            images=options.images,
        )

    def write_run(self, run: str, own: Sequence[Entry], *, folder: str, charts: Sequence[Mapping[str, str]]) -> None:
        """The page of one run; ``index.html`` without a folder."""
        newest = own[-1].evidence
        scored = [entry for entry in own if not entry.evidence.failed]
        boards = [build_board(entries, self.make_metric) for entries in group_by_task(scored).values()]
        name = f"{folder}/{name_file(run)}.html" if folder else "index.html"
        content = {
            "run": run,
            "revision": newest.revision,
            "started": newest.started,
            "boards": boards,
            "cells": [entry.evidence.result for entry in own],
            "failed": _failed(own),
            "provenance": flatten(newest.run.provenance.model_dump(mode="json")),
            "matrix": flatten(newest.run.matrix.model_dump(mode="json")),
            "charts": charts,
            "alone": not folder,
        }
        self.pages.write(name, "run.html", content)

    def write_captioner(self, captioner: str, own: Sequence[Entry], past: Sequence[HistoryRow]) -> None:
        """The history of one captioner: its main metric over revisions, a chart a cell."""
        histories = [_tell_history(entries, past) for entries in _by_cell(own).values()]
        content = {"captioner": captioner, "histories": histories}
        self.pages.write(f"captioners/{name_file(captioner)}.html", "captioner.html", content)


@dataclass(frozen=True, kw_only=True)
class Point:
    """One record in a cell's history; scores in printed points.

    Attributes:
        name: Its revision or its run.
        run_file: Page of its run; empty where only the score is kept.
        started: When its run began.
        value: The score of the main metric.
        low: Lower end of its interval.
        high: Upper end.
        signature: Of the score.
    """

    name: str
    run_file: str
    started: str
    value: float
    low: float
    high: float
    signature: str


def _tell_history(own: Sequence[Entry], past: Sequence[HistoryRow]) -> dict[str, Any]:
    """One cell over revisions: the scores that the history keeps, and the records that are there."""
    newest = own[-1].evidence
    main = newest.rows.get(newest.result.main_metric)
    factor, there = main.factor if main else 1.0, {entry.evidence.revision for entry in own}
    kept = [row for row in past if row.cell == newest.name and row.revision not in there]
    points = [_past_point(row, newest.result.main_metric, factor) for row in kept]
    points += [_point(entry, row) for entry in own if (row := entry.evidence.rows.get(newest.result.main_metric))]
    known = sorted((point for point in points if not math.isnan(point.value)), key=lambda p: p.started)
    drawn = [(point.value, point.low, point.high) for point in known]
    title = main.title if main else newest.result.main_metric
    return {
        "title": newest.result.task_title,
        "cell": newest.name,
        "metric": title,
        "points": known,
        "chart": draw_history(drawn, [point.name for point in known], title) if len(known) > 1 else "",
    }


def _point(entry: Entry, row: MetricRow) -> Point:
    """A record that is there."""
    return Point(
        name=entry.evidence.revision or entry.run,
        run_file=entry.run_file,
        started=entry.evidence.started,
        value=_printed(row.score, row.factor),
        low=_printed(row.low, row.factor),
        high=_printed(row.high, row.factor),
        signature=row.signature,
    )


def _past_point(row: HistoryRow, metric: str, factor: float) -> Point:
    """A baseline that was replaced."""
    score, low, high = (_printed(value, factor) for value in row.scores.get(metric, (math.nan, None, None)))
    return Point(
        name=row.revision,
        run_file="",
        started=row.started,
        value=score,
        low=low,
        high=high,
        signature=row.signature,
    )


def flatten(content: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    """Nested facts as dotted names and text."""
    flat: dict[str, str] = {}
    for key, value in content.items():
        name = f"{prefix}{key}"
        if isinstance(value, Mapping):
            flat |= flatten(value, f"{name}.")
        elif isinstance(value, list) and any(isinstance(item, Mapping) for item in value):
            for number, item in enumerate(value):
                named = item.get("name", number) if isinstance(item, Mapping) else number
                flat |= (
                    flatten(item, f"{name}.{named}.") if isinstance(item, Mapping) else {f"{name}.{number}": str(item)}
                )
        elif value not in (None, "", [], {}):
            flat[name] = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    return flat


def _printed(value: float | None, factor: float) -> float:
    """A number in printed points; NaN without one."""
    return math.nan if value is None else value * factor


def _failed(entries: Sequence[Entry]) -> list[dict[str, str]]:
    """Cells whose newest record failed or could not be compared with the baseline's, and why."""
    newest = newest_entries(entries)
    failed = [(e, e.evidence.result.reason) for e in newest if has_failed(e.evidence.result)]
    lost = [(e, reason) for e in newest if (reason := tell_failed_comparison(e.evidence.result))]
    told = [*failed, *((entry, f"not compared with the baseline: {reason}") for entry, reason in lost)]
    return [{"cell": entry.evidence.name, "reason": reason, "run": entry.run} for entry, reason in told]


def _grouped(entries: Sequence[Entry], key: Callable[[Entry], str]) -> dict[str, list[Entry]]:
    """Entries by a key, in order of appearance."""
    groups: dict[str, list[Entry]] = {}
    for entry in entries:
        groups.setdefault(key(entry), []).append(entry)
    return groups


def _by_run(entries: Sequence[Entry]) -> dict[str, list[Entry]]:
    """Entries by run."""
    return _grouped(entries, lambda entry: entry.run)


def _by_captioner(entries: Sequence[Entry]) -> dict[str, list[Entry]]:
    """Entries by captioner."""
    return _grouped(entries, lambda entry: entry.evidence.captioner)


def _by_cell(entries: Sequence[Entry]) -> dict[str, list[Entry]]:
    """Entries by cell."""
    return _grouped(entries, lambda entry: entry.evidence.name)
