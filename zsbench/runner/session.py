"""A whole run: data root, plan, checks before the first image, engine, records, table."""

from __future__ import annotations

import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from zsbench.config import Matrix
from zsbench.data_roots import find_data_root
from zsbench.errors import MissingDataError
from zsbench.fingerprints import FileHashes
from zsbench.housekeeping import hold_use, note_use
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
from zsbench.metering import Meter
from zsbench.plan import Plan, PlanOptions, make_plan
from zsbench.plugins import Plugins
from zsbench.provenance import collect_provenance, peak_memory
from zsbench.records import RunFolder
from zsbench.registry import load_object
from zsbench.runner.cells import CellRecorder
from zsbench.runner.local import LocalEngine, Outcome, Resources
from zsbench.runner.mirrored_store import open_store
from zsbench.runner.order import Engine, Order
from zsbench.runner.profile import Stopwatch, write_profile
from zsbench.runner.reporter import Reporter
from zsbench.runner.workbench import Workbench

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
        workers: Processes that make stages side by side; None for what the matrix's ``threads`` allow.
        engine: Id of the engine that places stages.
        address: Of the engine's cluster, if it has one.
        store_url: Where machines share stage outputs; empty if they share the cache's file system.
        profile: Whether to tell where time went.
    """

    matrix: Matrix
    output: Path
    cache: Path
    online: bool = False
    workers: int | None = None
    engine: str = "local"
    address: str = ""
    store_url: str = ""
    profile: bool = False


@dataclass
class RunResult:
    """What a run left behind.

    Attributes:
        folder: The run's folder.
        results: The ``result.json`` of every cell.
        outcome: How every stage went.
        plan: The plan.
        table: The full comparison in Markdown.
        seconds: Wall time.
        remarks: What was said before the first stage.
        profile: Where time went, for people; empty unless asked for.
    """

    folder: Path
    results: list[dict[str, Any]]
    outcome: Outcome
    plan: Plan
    table: str
    seconds: float
    remarks: list[str] = field(default_factory=list)
    profile: str = ""

    @property
    def saved_seconds(self) -> float:
        """What it would have taken longer if every cell had made its own stages."""
        return self.plan.shared_seconds({key: record.seconds for key, record in self.outcome.stages.items()})

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
        self.store = open_store(options.cache, options.store_url)

    def plan(self, *, dry: bool = False) -> Plan:
        """The plan; reads data, loads no model.

        Args:
            dry: Plan without weights where they are not on this machine, and remark it.

        Raises:
            ZsbenchError: Something named is unknown, missing or wrong.
        """
        options = PlanOptions(FileHashes(self.options.cache), online=self.options.online, without_weights=dry)
        return make_plan(self.matrix, self.plugins.registry, self._data_root(), options)

    def _data_root(self) -> Path:
        """The folder of the data."""
        return find_data_root(self.matrix.data_root, self.plugins.registry, self.options.cache)

    def survey(self, plan: Plan) -> Outcome:
        """What of a plan is cached, for a dry run."""
        return LocalEngine().survey(plan, self.store, self.reporter, check=False)

    def run(self) -> RunResult:
        """Plan, check, execute, record."""
        began = time.monotonic()
        stopwatch = Stopwatch()
        started = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        plan = self.plan()
        bench = Workbench(self.store, self.plugins.registry, meter=Meter() if self.options.profile else None)
        self._check_space()
        remarks = [*plan.remarks, *plan.split_remarks.values(), *plan.unavailable.values()]
        for remark in remarks:
            self.reporter.remark(remark)
        stopwatch.lap("plan")
        engine = self._engine()
        try:
            with hold_use(self.store, plan.stages):
                outcome = engine.run(plan, bench, self._resources(), self.reporter)
        finally:
            bench.close()
        stopwatch.lap("stages")
        folder = RunFolder.create(self.options.output, self.matrix.name)
        note_use(self.store, folder.path, plan.stages)
        recorder = CellRecorder(self.matrix, plan, outcome, folder)
        results = [recorder.record(cell) for cell in plan.cells]
        tables = _tables(results, folder.path.name)
        for name, text in tables.items():
            folder.write_table(name, text)
        seconds = time.monotonic() - began
        facts = {"started": started, "seconds": round(seconds, 1), "remarks": remarks}
        folder.write_run({**facts, **self._run_record(plan, outcome)})
        folder.mark_latest()
        _draw_sweeps(results, self.matrix, folder.path / "plots")
        stopwatch.lap("records")
        profile = self._profile(folder.path, plan, outcome, stopwatch) if self.options.profile else ""
        return RunResult(folder.path, results, outcome, plan, tables["comparison.md"], seconds, remarks, profile)

    def _profile(self, folder: Path, plan: Plan, outcome: Outcome, stopwatch: Stopwatch) -> str:
        """Where time went."""
        return write_profile(folder, plan, outcome, self._resources(), stopwatch.phases)

    def _engine(self) -> Engine:
        """What places the stages.

        Raises:
            UnknownIdError: There is no such engine.
        """
        given = self.options
        factory = load_object(self.plugins.registry.get(EngineSpec, given.engine).factory)
        order = Order(
            matrix=self.matrix,
            data_root=self._data_root(),
            cache=given.cache,
            control=self.plugins.control,
            online=given.online,
            address=given.address,
            store_url=given.store_url,
            workers=given.workers,
            profile=given.profile,
        )
        engine: Engine = factory(order)
        return engine

    def _resources(self) -> Resources:
        """What the run may use."""
        return Resources.choose(self.matrix.device, self.matrix.threads, self.options.workers)

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
                "remarks": list(outcome.stages[key].remarks),
            }
            for key, stage in plan.stages.items()
        ]
        return {
            "matrix": self.matrix.model_dump(mode="json"),
            "cells": [cell.name for cell in plan.cells],
            "stages": stages,
            "shared_stages": plan.shared,
            "shared_seconds": round(plan.shared_seconds({key: outcome.stages[key].seconds for key in plan.stages}), 1),
            "peak_memory_bytes": (peak_memory() or 0) + sum(outcome.worker_memory) or None,
            "engine": self.options.engine,
            "workers": len(outcome.worker_memory) or self._resources().workers,
            "provenance": collect_provenance(self.plugins.records, self._used(plan), self.matrix.device),
        }

    def _used(self, plan: Plan) -> dict[str, list[str]]:
        """What the run used of each plugin."""
        matrix, registry = self.matrix, self.plugins.registry
        named: dict[type[Spec], Sequence[str]] = {
            CaptionerSpec: matrix.captioners,
            TaskSpec: matrix.tasks,
            CorpusSpec: matrix.corpora,
            EncoderSpec: list(dict.fromkeys(e.id for e in (matrix.encoder, matrix.scoring_encoder) if e)),
            GapModelSpec: sorted(plan.gap_models),
            DataRootSpec: [matrix.data_root] if matrix.data_root in registry.ids(DataRootSpec) else [],
            MetricSpec: sorted({id_ for cell in plan.cells for id_ in cell.metrics}),
        }
        used: dict[str, list[str]] = {}
        for kind, ids in named.items():
            for id_ in ids:
                used.setdefault(registry.owner(kind, id_).plugin, []).append(f"{kind.kind} {id_}")
        return used


def _tables(results: Sequence[Mapping[str, Any]], run: str) -> dict[str, str]:
    """The comparison in every format, by file name."""
    from zsbench.tables.rendering import render_run  # pandas is needed here only

    return render_run(results, run)


def _draw_sweeps(results: Sequence[Mapping[str, Any]], matrix: Matrix, folder: Path) -> None:
    """Score against every number that the matrix sweeps."""
    if matrix.sweep:
        from zsbench.tables.sweeps import draw_sweeps  # matplotlib is needed here only

        draw_sweeps(results, matrix.sweep, folder)
