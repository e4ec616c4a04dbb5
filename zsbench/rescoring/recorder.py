"""The records of a scored file: those that a run leaves, so that tables, comparisons and gates read them alike."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path

from zsbench.errors import MissingDataError
from zsbench.fingerprints import FileHashes
from zsbench.interfaces import MetricSpec, TaskSpec
from zsbench.metrics.rows import metric_row, select_statistics, select_values
from zsbench.paths import default_cache
from zsbench.plugins import Plugins
from zsbench.provenance import collect_provenance, peak_memory
from zsbench.records import CellIdentity, CellResult, RunFolder, RunRecord, Sample
from zsbench.rescoring.scorer import ScoredFile

__all__ = ["system_name", "write_scored"]


def system_name(path: Path) -> str:
    """What a file's system is called in tables: the file's name without its ending."""
    return re.sub(r"[^\w.+-]+", "-", path.stem).strip("-.") or "predictions"


def write_scored(scored: ScoredFile, output: Path, plugins: Plugins, *, name: str = "", seconds: float = 0.0) -> Path:
    """Write ``run.json``, the cell's records and the table; the run's folder.

    Args:
        scored: What was scored.
        output: The results folder.
        plugins: What is installed, for the provenance.
        name: What the system is called; the file's name by default.
        seconds: How long scoring took.

    Raises:
        MissingDataError: The records cannot be written.
    """
    system = name or system_name(scored.file.path)
    try:
        return _write(scored, output, plugins, system, seconds)
    except OSError as error:
        raise MissingDataError(
            f"The records cannot be written under {output} ({error.strerror or error}).",
            "They need a folder that can be written and a few megabytes.",
            "Make room, or choose another place: `--output DIR`.",
            path=output,
        ) from error


def _write(scored: ScoredFile, output: Path, plugins: Plugins, system: str, seconds: float) -> Path:
    """Write everything; the run's folder."""
    from zsbench.tables.rendering import render_run  # pandas is needed here only

    folder = RunFolder.create(output, f"score-{system}")
    own_groups = {m.id for m in scored.metrics if m.depends_on_split and scored.context.group_idf == "per-group"}
    statistics = select_statistics(scored.results, own_groups)
    result = folder.write_cell(_result(scored, system), _iter_samples(scored), statistics)
    for table, text in render_run([result], folder.path.name).items():
        folder.write_table(table, text)
    folder.write_run(_run_record(scored, result.name, plugins, seconds))
    folder.mark_latest()
    return folder.path


def _result(scored: ScoredFile, system: str) -> CellResult:
    """The cell's result."""
    card, subset = scored.card, scored.request.subset_field
    facts = {
        "cell": CellIdentity(captioner=system, task=card.id),
        "name": f"{system}__{card.id}",
        "task_title": card.title,
        "task_kind": card.kind,
        "main_metric": card.main_metric,
        "groupings": (*card.groupings, *([subset] if subset else [])),
        "headline_grouping": card.headline_grouping,
        "n": scored.expected,
        "keys": {"prediction": scored.file.sha256[:32]},
        "source": scored.file.form.id,
        "labels": scored.labels,
        "metrics": [metric_row(row) for row in scored.results],
        "descriptives": scored.descriptives,
    }
    return CellResult.model_validate(facts)


def _run_record(scored: ScoredFile, cell: str, plugins: Plugins, seconds: float) -> RunRecord:
    """``run.json``."""
    request = scored.request
    used: dict[str, list[str]] = {}
    named = [(MetricSpec, metric.id) for metric in scored.metrics]
    for kind, id_ in [*named, *([(TaskSpec, request.task)] if request.task else [])]:
        used.setdefault(plugins.registry.owner(kind, id_).plugin, []).append(f"{kind.kind} {id_}")
    file = {
        "file": scored.file.path.name,
        "form": scored.file.form.id,
        "sha256": scored.file.sha256,
        "references": request.references.name if request.references else request.task or "inside the file",
        "references_form": scored.target.form,
        "ids": scored.matching.rule,
        "labels": scored.labels,
    }
    facts = {
        "started": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "seconds": round(seconds, 1),
        "scored_file": file,
        "cells": [cell],
        "peak_memory_bytes": peak_memory(),
        "provenance": collect_provenance(plugins.records, used, "cpu", FileHashes(default_cache())),
    }
    return RunRecord.model_validate(facts)


def _iter_samples(scored: ScoredFile) -> Iterator[Sample]:
    """Per example: prediction, groups, image, and the value of each metric that ran."""
    values = {id_: array.tolist() for id_, array in select_values(scored.results).items()}
    groups: dict[str, dict[str, str]] = {}
    for grouping, found in scored.context.groups.items():
        for group, ids in found.items():
            for id_ in ids:
                groups.setdefault(id_, {})[grouping] = group
    for row, (id_, prediction) in enumerate(scored.predictions.items()):
        yield Sample(
            id=id_,
            prediction=prediction,
            image=Path(scored.target.clusters[id_]).name if id_ in scored.target.clusters else None,
            groups=groups.get(id_, {}),
            metrics={metric: column[row] for metric, column in values.items()},
        )
