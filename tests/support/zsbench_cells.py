"""Run records without a run: cells of the fakes' metrics, with captions and statistics of a test's choosing."""

from __future__ import annotations

import json
import re

import numpy as np

from zsbench.metrics.signature import short_hash
from zsbench.plugins import load_plugins
from zsbench.records import CellResult, RunFolder, RunRecord, Sample
from zsbench.records.seal import seal_document
from zsbench.registry import load_object
from zsbench_fakes import FAKES

REGISTRY = load_plugins([FAKES]).registry


def make_metric(id_):
    from zsbench.interfaces import MetricSpec

    return load_object(REGISTRY.get(MetricSpec, id_).factory)()


def metric_rows(ids, statistics, *, references="aa", groups=None, not_run=()):
    """Rows of a result for the fakes' metrics, for the whole and for each group."""
    parts = [(None, None, list(range(len(ids))))]
    for group in dict.fromkeys(groups or ()):
        parts.append(("shade", group, [place for place, own in enumerate(groups) if own == group]))
    rows = []
    for grouping, group, places in parts:
        for metric, values in statistics.items():
            score = float(np.mean(values[places])) if places else 0.0
            missing = metric in not_run
            signature = f"{metric.title()}|tok:none|refs:all:{references}|n:{len(places)}|ids:{short_hash(sorted(ids))}|zsbench:0.1"
            rows.append(
                {
                    "id": metric,
                    "title": metric.title(),
                    "factor": 100.0 if metric == "exact" else 1.0,
                    "grouping": grouping,
                    "group": group,
                    "n": len(places),
                    "score": None if missing else score,
                    "standard_error": None if missing else 0.01,
                    "low": None if missing else score - 0.02,
                    "high": None if missing else score + 0.02,
                    "signature": "" if missing else signature,
                    "seconds": 0.1,
                    "not_run": "no program" if missing else "",
                }
            )
    return rows


def build_cell(captions, exact, *, captioner="fake", task="fake-task", seed=0, groups=None, **changes):
    """Result, samples and statistics of a cell; ``exact`` is the score of each example."""
    ids = list(captions)
    statistics = {
        "exact": np.asarray(exact, float),
        "words": np.array([float(len(c.split())) for c in captions.values()]),
    }
    not_run = changes.pop("not_run", ())
    references = changes.pop("references", "aa")
    identity = {
        "captioner": captioner,
        "gap_model": None,
        "corpus": "fake-corpus",
        "task": task,
        "seed": seed,
        "route": "",
        "variant": "",
    }
    result = {
        "cell": identity,
        "name": re.sub(r"[^\w.=+-]+", "-", f"{captioner}__{task}__seed{seed}").strip("-"),
        "status": "done",
        "source": "measured",
        "supervision": "text",
        "task_title": f"Title of {task}",
        "task_kind": "captioning",
        "main_metric": "exact",
        "groupings": ["shade"] if groups else [],
        "headline_grouping": None,
        "n": len(ids),
        "encoder": "fake encoder",
        "language_model": "fake lm",
        "data_used": [],
        "config": {"inference": {"candidates": 4}},
        "keys": {},
        "seconds": {"predict": 2.0},
        "metrics": metric_rows(ids, statistics, references=references, groups=groups, not_run=not_run),
        "differences": [],
        "descriptives": {
            "mean_length": 4.0,
            "vocabulary": 9,
            "distinct_1": 0.5,
            "distinct_2": 0.5,
            "repeated_share": None,
        },
        "training_overlap": None,
        "unreadable": [],
        **changes,
    }
    samples = [
        Sample(id=id_, prediction=text, groups={"shade": groups[place]} if groups else {})
        for place, (id_, text) in enumerate(captions.items())
    ]
    kept = {metric: values[:, None] for metric, values in statistics.items() if metric not in not_run}
    return CellResult.model_validate(result), samples, {} if result["status"] == "failed" else kept


def write_run(
    results, cells, *, name="run", commit="a" * 40, dirty=False, started="2026-01-01T00:00:00Z", data_root="fake-world"
):
    """A run folder of such cells."""
    folder = RunFolder.create(results, name)
    for result, samples, statistics in cells:
        folder.write_cell(result, samples, statistics)
    code = {"name": "zsbench", "version": "0.1", "local": True, "commit": commit, "dirty": dirty, "code": "c" * 32}
    record = {
        "started": started,
        "matrix": {"data_root": data_root, "captioners": [result.cell.captioner for result, _, _ in cells]},
        "provenance": {"packages": {"zsbench": "0.1"}, "processor": "a processor", "distributions": [code]},
        "cells": [result.name for result, _, _ in cells],
    }
    folder.write_run(RunRecord.model_validate(record))
    folder.mark_latest()
    return folder.path


def captions_of(count, *, worse=()):
    """So many captions; those of ``worse`` have another text."""
    return {str(place): "something else" if place in worse else f"caption of {place}" for place in range(count)}


def scores_of(count, *, worse=(), good=0.9, bad=0.1, seed=0):
    """A score a caption, noisy and the same each time; those of ``worse`` are bad."""
    noise = np.random.default_rng(seed).uniform(-0.1, 0.1, count)
    values = good + noise
    values[list(worse)] = bad
    return values


def reseal(path, **changes):
    """Change a sealed file and seal it anew, as whoever forges a record would."""
    document = {**json.loads(path.read_text("utf-8")), **changes}
    path.write_text(json.dumps({**document, "seal": seal_document(document)}), encoding="utf-8")
