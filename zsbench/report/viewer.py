"""Data of the sample viewer: plain scripts that a page loads from its own folder, so that ``file://`` works.

Each system is one file, loaded when it is chosen; no page carries all of them.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from zsbench.interfaces import Metric
from zsbench.report.entries import Entry, name_file
from zsbench.report.media import Media

__all__ = ["write_viewer_data"]

SHOWN_METRICS = 4
"""So many per-image scores are shown: the main metric, and the last ones of the task's table."""


def write_viewer_data(
    task: str, entries: Sequence[Entry], media: Media, site: Path, make_metric: Callable[[str], Metric]
) -> dict[str, Any]:
    """Write the data of one task's viewer.

    Args:
        task: Its id.
        entries: Its systems, newest last; those that failed have no predictions and are left out.
        media: What is shown of its examples.
        site: Where pages go.
        make_metric: Makes a metric from its id.

    Returns:
        What the page itself must know: systems, metrics, groupings, and where the data are.
    """
    shown = [entry for entry in reversed(entries) if not entry.evidence.failed]
    metrics = _choose_metrics(shown)
    folder = site / "data"
    folder.mkdir(parents=True, exist_ok=True)
    stem = name_file(task)
    examples = _examples(shown, media)
    order = {example["id"]: place for place, example in enumerate(examples)}
    _write_script(folder / f"{stem}.js", "examples", examples)
    systems = []
    for number, entry in enumerate(shown):
        name = f"{stem}.{number}.js"
        _write_script(folder / name, f"system-{number}", _system(entry, order, list(metrics), make_metric))
        systems.append({"label": entry.label, "revision": entry.evidence.revision, "run": entry.run, "file": name})
    return {
        "examples": f"{stem}.js",
        "systems": systems,
        "metrics": [{"id": id_, **facts} for id_, facts in metrics.items()],
        "groupings": _groupings(examples),
        "remark": media.remark,
    }


def _choose_metrics(entries: Sequence[Entry]) -> dict[str, dict[str, Any]]:
    """Title and factor of the metrics that are shown, the main metric first.

    Of BLEU-1 to BLEU-4 and the like the last ones say most.
    """
    found: dict[str, dict[str, Any]] = {}
    for entry in entries:
        result = entry.evidence.result
        rows = [row for row in result.metrics if row.grouping is None and row.score is not None]
        for row in sorted(rows, key=lambda row: row.id != result.main_metric):
            found.setdefault(row.id, {"title": row.title, "factor": row.factor})
    first, rest = list(found.items())[:1], list(found.items())[1:]
    return dict([*first, *rest[-(SHOWN_METRICS - 1) :]])


def _examples(entries: Sequence[Entry], media: Media) -> list[dict[str, Any]]:
    """Every example of any system, with what is known of it."""
    found: dict[str, dict[str, Any]] = {}
    for entry in entries:
        for sample in entry.evidence.samples:
            id_ = sample.id
            if id_ not in found:
                found[id_] = {
                    "id": id_,
                    "image": media.images.get(id_, ""),
                    "question": media.questions.get(id_, ""),
                    "references": media.references.get(id_, []),
                    "groups": sample.groups,
                }
    return list(found.values())


def _system(
    entry: Entry, order: Mapping[str, int], metrics: Sequence[str], make_metric: Callable[[str], Metric]
) -> dict[str, Any]:
    """Predictions and printed per-image scores of one system, by place of the example; null where it has none."""
    evidence = entry.evidence
    predictions: list[str | None] = [None] * len(order)
    scores: list[list[float | None] | None] = [None] * len(order)
    columns = [_values(entry, id_, make_metric) for id_ in metrics]
    for row, (id_, text) in enumerate(evidence.predictions.items()):
        predictions[order[id_]] = text
        scores[order[id_]] = [column[row] if column else None for column in columns]
    return {"predictions": predictions, "scores": scores, "regions": _regions(entry, order)}


def _regions(entry: Entry, order: Mapping[str, int]) -> list[list[Any] | None]:
    """Where one system looked, by place of the example: side, fit, cells, weights; empty if it recorded nothing."""
    found: list[list[Any] | None] = [None] * len(order)
    for sample in entry.evidence.samples:
        told = sample.regions
        if told is not None and told.fit is not None:
            found[order[sample.id]] = [told.side, told.fit, told.cells, told.weights]
    return found if any(found) else []


def _values(entry: Entry, metric: str, make_metric: Callable[[str], Metric]) -> list[float | None]:
    """A metric of every example alone, in printed points; empty if the system lacks the metric."""
    if metric not in entry.evidence.statistics:
        return []
    made = make_metric(metric)
    values = made.values(entry.evidence.statistics[metric]) * made.factor
    return [None if math.isnan(value) else round(float(value), 2) for value in values]


def _groupings(examples: Sequence[Mapping[str, Any]]) -> dict[str, list[str]]:
    """Groups by grouping."""
    found: dict[str, dict[str, None]] = {}
    for example in examples:
        for grouping, group in example["groups"].items():
            found.setdefault(grouping, {})[group] = None
    return {grouping: sorted(groups) for grouping, groups in found.items()}


def _write_script(path: Path, name: str, content: Any) -> None:
    """A script that hands over data; everything beyond ASCII and every ``<`` is escaped."""
    text = json.dumps(content, ensure_ascii=True, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c")
    path.write_text(f"zsbenchData({json.dumps(name)},{text});\n", encoding="ascii")
