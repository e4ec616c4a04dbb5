"""A whole run: data root, plan, checks before the first image, engine, records, table."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from zsbench.config import Matrix
from zsbench.errors import ConfigError, MissingDataError
from zsbench.fingerprints import FileHashes
from zsbench.interfaces import (
    CaptionerSpec,
    CorpusSpec,
    DataRootSpec,
    EncoderSpec,
    EngineSpec,
    GapModelSpec,
    MetricSpec,
    Spec,
    TaskSpec,
)
from zsbench.plan import Cell, Plan, make_plan
from zsbench.plugins import Plugins
from zsbench.provenance import collect_provenance, peak_memory
from zsbench.records import RunFolder
from zsbench.registry import load_object
from zsbench.runner.captioning import read_predictions
from zsbench.runner.local import LocalEngine, Outcome
from zsbench.runner.reporter import Reporter
from zsbench.runner.scoring import read_scores, read_values
from zsbench.runner.workbench import Workbench
from zsbench.store import Store

__all__ = ["RunOptions", "RunResult", "Session"]

FREE_BYTES = 500_000_000
"""A run refuses to start with less free disk space than this."""


@dataclass(frozen=True)
class RunOptions:
    """What a run is told beside its matrix.

    Attributes:
        matrix: What to run.
        output: The results folder.
        cache: Folder of the store, of data written on demand and of file hashes.
        online: Whether weights may be downloaded.
    """

    matrix: Matrix
    output: Path
    cache: Path
    online: bool = False


@dataclass
class RunResult:
    """What a run left behind.

    Attributes:
        folder: The run's folder.
        results: The ``result.json`` of every cell.
        outcome: How every stage went.
        plan: The plan.
        table: The comparison table in Markdown.
        seconds: Wall time.
    """

    folder: Path
    results: list[dict[str, Any]]
    outcome: Outcome
    plan: Plan
    table: str
    seconds: float
    remarks: list[str] = field(default_factory=list)

    @property
    def failed(self) -> list[dict[str, Any]]:
        """The cells that failed."""
        return [result for result in self.results if result["status"] == "failed"]


class Session:
    """One run of one matrix with one set of plugins."""

    def __init__(self, options: RunOptions, plugins: Plugins, reporter: Reporter) -> None:
        self.options = options
        self.matrix = options.matrix
        self.plugins = plugins
        self.reporter = reporter
        self.store = Store(options.cache / "store")

    def plan(self) -> Plan:
        """The plan; reads data, loads no model.

        Raises:
            ZsbenchError: Something named is unknown, missing or wrong.
        """
        hashes = FileHashes(self.options.cache)
        root, registry = self._data_root(), self.plugins.registry
        return make_plan(self.matrix, registry, root, hashes=hashes, online=self.options.online)

    def survey(self, plan: Plan) -> Outcome:
        """What of a plan is cached, for a dry run."""
        return LocalEngine().survey(plan, self.store, self.reporter, check=False)

    def run(self) -> RunResult:
        """Plan, check, execute, record."""
        began = time.monotonic()
        started = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        plan = self.plan()
        bench = Workbench(self.store, self.plugins.registry)
        self._check_space()
        remarks = [*plan.unavailable.values(), *_check_cards(plan)]
        for remark in remarks:
            self.reporter.remark(remark)
        engine = load_object(self.plugins.registry.get(EngineSpec, "local").factory)()
        try:
            outcome: Outcome = engine.run(plan, bench, self.matrix.device, self.reporter)
        finally:
            bench.close()
        folder = RunFolder.create(self.options.output, self.matrix.name)
        results = [self._record_cell(folder, plan, cell, outcome) for cell in plan.cells]
        table = _table(results)
        folder.write_table("comparison.md", table)
        seconds = time.monotonic() - began
        folder.write_run({"started": started, "seconds": round(seconds, 1), **self._run_record(plan, outcome)})
        folder.mark_latest()
        return RunResult(folder.path, results, outcome, plan, table, seconds, remarks)

    def _data_root(self) -> Path:
        """The folder of the data: given, or written on demand by the plugin that offers it."""
        given = self.matrix.data_root
        registry = self.plugins.registry
        if given in registry.ids(DataRootSpec):
            written: Path = load_object(registry.get(DataRootSpec, str(given)).factory)(self.options.cache / "data")
            return written
        if given is None:
            raise ConfigError(
                "The matrix names no data root.",
                f"It is a folder, or one of: {', '.join(registry.ids(DataRootSpec))}.",
                "Say where the data are: `zsbench run --data-root DIR`.",
                key="data_root",
            )
        path = Path(given).expanduser()
        if not path.is_dir():
            raise MissingDataError(
                f"There is no folder {str(path)!r}.",
                "The data root holds the tasks' files.",
                "Check --data-root.",
                path=path,
            )
        return path

    def _check_space(self) -> None:
        """Refuse to start on a full disk."""
        self.options.cache.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(self.options.cache).free
        if free < FREE_BYTES:
            raise MissingDataError(
                f"{self.options.cache} has {free // 1_000_000} MB of free space.",
                f"A run wants {FREE_BYTES // 1_000_000} MB.",
                "Make room, or put the cache elsewhere with ZSBENCH_CACHE.",
                path=self.options.cache,
            )

    def _record_cell(self, folder: RunFolder, plan: Plan, cell: Cell, outcome: Outcome) -> dict[str, Any]:
        """Write one cell's records; its result."""
        result: dict[str, Any] = {
            "cell": {
                "captioner": cell.captioner.id,
                "gap_model": cell.gap_model,
                "corpus": cell.corpus,
                "task": cell.task.id,
                "seed": cell.seed,
            },
            "name": cell.name,
            "status": "done",
            "task_title": cell.task.task.card.title,
            "main_metric": cell.task.task.card.main_metric,
            "n": len(cell.task.ids),
            "config": cell.captioner.config.model_dump(mode="json"),
            "keys": {"prediction": cell.prediction, "scoring": cell.scoring},
            "seconds": _seconds(plan, cell, outcome),
            "metrics": [],
            "differences": [],
        }
        for key in (cell.prediction, cell.scoring):
            stage = outcome.stages[key]
            if stage.state in {"failed", "skipped"}:
                result |= {"status": "failed", "reason": stage.reason, "failed_stage": plan.stages[key].kind}
                break
        else:
            result["metrics"] = read_scores(outcome.places[cell.scoring])["metrics"]
            result["differences"] = _differences(cell, outcome, self.matrix.baseline)
        folder.write_cell(cell.name, result, _samples(cell, outcome))
        return result

    def _run_record(self, plan: Plan, outcome: Outcome) -> dict[str, Any]:
        """``run.json``."""
        stages = [
            {
                "kind": stage.kind,
                "label": stage.label,
                "key": key,
                "inputs": list(stage.inputs),
                "state": outcome.stages[key].state,
                "seconds": round(outcome.stages[key].seconds, 3),
                "reason": outcome.stages[key].reason,
                "traceback": outcome.stages[key].traceback,
            }
            for key, stage in plan.stages.items()
        ]
        return {
            "matrix": self.matrix.model_dump(mode="json"),
            "cells": [cell.name for cell in plan.cells],
            "stages": stages,
            "shared_stages": plan.shared,
            "peak_memory_bytes": peak_memory(),
            "provenance": collect_provenance(self.plugins.records, self._used(), self.matrix.device),
        }

    def _used(self) -> dict[str, list[str]]:
        """What the run used of each plugin."""
        matrix, registry = self.matrix, self.plugins.registry
        named: dict[type[Spec], Sequence[str]] = {
            CaptionerSpec: matrix.captioners,
            TaskSpec: matrix.tasks,
            CorpusSpec: matrix.corpora,
            EncoderSpec: [matrix.encoder.id],
            GapModelSpec: [gap.id for gap in matrix.gap_models],
            DataRootSpec: [matrix.data_root] if matrix.data_root in registry.ids(DataRootSpec) else [],
            MetricSpec: registry.ids(MetricSpec),
        }
        used: dict[str, list[str]] = {}
        for kind, ids in named.items():
            for id_ in ids:
                used.setdefault(registry.owner(kind, id_).plugin, []).append(f"{kind.kind} {id_}")
        return used


def _table(results: Sequence[Mapping[str, Any]]) -> str:
    """The comparison table in Markdown."""
    from zsbench.tables.frame import build_frame  # pandas is needed here only
    from zsbench.tables.markdown import comparison_markdown

    return comparison_markdown(build_frame(results))


def _check_cards(plan: Plan) -> list[str]:
    """What is worth saying about the data: a split of another size than the official one."""
    remarks = {}
    for cell in plan.cells:
        official, count = cell.task.task.card.examples, len(cell.task.task.examples())
        if official is not None and official != count:
            remarks[cell.task.id] = f"{cell.task.id} has {count} examples here; the official split has {official}."
    return list(remarks.values())


def _seconds(plan: Plan, cell: Cell, outcome: Outcome) -> dict[str, float]:
    """How long the stages of a cell took when they were made."""
    keys = [cell.prediction, cell.scoring, *plan.stages[cell.prediction].inputs]
    return {plan.stages[key].kind: round(outcome.stages[key].seconds, 3) for key in keys}


def _differences(cell: Cell, outcome: Outcome, baseline: str | None) -> list[dict[str, Any]]:
    """A cell's paired differences to its baseline."""
    import json

    if cell.comparison is None or cell.comparison not in outcome.places:
        return []
    path = outcome.places[cell.comparison] / "differences.json"
    rows: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))
    return [{**row, "baseline": baseline} for row in rows]


def _samples(cell: Cell, outcome: Outcome) -> Iterator[dict[str, Any]]:
    """Per example: prediction, candidates, and the value of each metric that ran."""
    if cell.prediction not in outcome.places:
        return
    values = {}
    if cell.scoring in outcome.places:
        folder = outcome.places[cell.scoring]
        ran = [metric["id"] for metric in read_scores(folder)["metrics"] if not metric["not_run"]]
        values = {metric: read_values(folder, metric) for metric in ran}
    for index, row in enumerate(read_predictions(outcome.places[cell.prediction])):
        scores = {metric: round(float(array[index]), 6) for metric, array in values.items() if array is not None}
        yield {**row, "metrics": scores}
