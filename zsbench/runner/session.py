"""A whole run: data root, plan, checks before the first image, engine, records, table."""

from __future__ import annotations

import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from zsbench.cache import hold_use, note_use
from zsbench.config import Matrix
from zsbench.data_roots import find_data_root
from zsbench.errors import MissingDataError, PluginContractError
from zsbench.fingerprints import FileHashes
from zsbench.flops import FlopCounter
from zsbench.interfaces import (
    CaptionerSpec,
    CorpusSpec,
    DataRootSpec,
    EncoderSpec,
    Engine,
    EngineSpec,
    GapModelSpec,
    MetricSpec,
    Resources,
    RunRequest,
    Spec,
    TaskSpec,
)
from zsbench.judgement.failures import choose_exit_code, has_failed, tell_failed_comparison
from zsbench.plan import Plan, PlanOptions, make_plan
from zsbench.plan.changes import EarlierOutputs
from zsbench.plugins import Plugins
from zsbench.provenance import collect_provenance, peak_memory
from zsbench.records import CellResult, RunFolder, RunRecord
from zsbench.registry import load_object
from zsbench.runner.cells import CellRecorder
from zsbench.runner.outcome import Outcome
from zsbench.runner.profile import Stopwatch, write_profile
from zsbench.runner.queue import StageQueue
from zsbench.runner.reporter import Reporter
from zsbench.runner.resources import choose_resources
from zsbench.runner.survey import survey_store, wanted_stages
from zsbench.stages import StageContext
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
    results: list[CellResult]
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
    def failed(self) -> list[CellResult]:
        """The cells that failed."""
        return [result for result in self.results if has_failed(result)]

    @property
    def failed_comparisons(self) -> list[tuple[str, str]]:
        """Name and reason of each cell whose comparison with the baseline failed."""
        told = ((result.name, tell_failed_comparison(result)) for result in self.results)
        return [(name, reason) for name, reason in told if reason]

    @property
    def exit_code(self) -> int:
        """0, or that of a run in which a cell or a comparison failed."""
        return choose_exit_code(self.results)


class Session:
    """One run of one matrix with one set of plugins."""

    def __init__(self, options: RunOptions, plugins: Plugins, reporter: Reporter) -> None:
        self.options = options
        self.matrix = options.matrix
        self.plugins = plugins
        self.reporter = reporter

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

    @cached_property
    def engine(self) -> Engine:
        """What places the stages.

        Raises:
            UnknownIdError: There is no such engine.
        """
        given = self.options
        factory = load_object(self.plugins.registry.get(EngineSpec, given.engine).factory)
        request = RunRequest(
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
        engine: Engine = factory(request)
        return engine

    @cached_property
    def store(self) -> Store:
        """Where outputs are kept."""
        root = self.options.cache / "store"
        return self.engine.open_store(root) or Store(root)

    def survey(self, plan: Plan) -> Outcome:
        """What of a plan is cached, for a dry run."""
        return survey_store(plan, self.store, self.reporter, check=False)

    def explain(self, plan: Plan, survey: Outcome) -> dict[str, list[str]]:
        """Why each missing stage must be made, by key."""
        earlier = EarlierOutputs(self.store)
        missing = (key for key, record in survey.stages.items() if record.state == "missing")
        return {key: earlier.explain(plan.stages[key]) for key in missing}

    def run(self) -> RunResult:
        """Plan, check, execute, record."""
        began = time.monotonic()
        stopwatch = Stopwatch()
        started = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        plan = self.plan()
        self._check_space()
        remarks = [*plan.remarks, *plan.split_remarks.values(), *plan.unavailable.values()]
        for remark in remarks:
            self.reporter.remark(remark)
        stopwatch.lap("plan")
        outcome = self._make(plan)
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
        folder.write_run(RunRecord.model_validate({**facts, **self._run_record(plan, outcome)}))
        folder.mark_latest()
        _draw_sweeps(results, self.matrix, folder.path / "plots")
        stopwatch.lap("records")
        profile = self._profile(folder.path, plan, outcome, stopwatch) if self.options.profile else ""
        return RunResult(folder.path, results, outcome, plan, tables["comparison.md"], seconds, remarks, profile)

    def _profile(self, folder: Path, plan: Plan, outcome: Outcome, stopwatch: Stopwatch) -> str:
        """Where time went."""
        return write_profile(folder, plan, outcome, self._resources(), stopwatch.phases)

    def _make(self, plan: Plan) -> Outcome:
        """Have the engine make what is missing."""
        context = StageContext(self.store, self.matrix.device, meter=FlopCounter() if self.options.profile else None)
        try:
            with hold_use(self.store, plan.stages):
                outcome = survey_store(plan, self.store, self.reporter)
                work = StageQueue(plan, outcome, context, self.reporter)
                self.engine.run(work, self._resources())
        finally:
            context.close()
        self._check_finished(work)
        self._check_outputs(plan, outcome)
        return outcome

    def _check_finished(self, work: StageQueue) -> None:
        """Refuse an engine that returned too early.

        Raises:
            PluginContractError: It left stages without a result.
        """
        if work.unfinished:
            raise PluginContractError(
                f"The engine {self.options.engine!r} left {work.unfinished} stages without a result.",
                "An engine returns when no stage is unfinished.",
                "Run the same command with `--engine local`: it continues.",
                plugin=self.options.engine,
            )

    def _check_outputs(self, plan: Plan, outcome: Outcome) -> None:
        """See that what records are written from is here; a store that machines share fetches it now.

        Raises:
            MissingDataError: It is not.
        """
        for stage in wanted_stages(plan):
            if stage.key in outcome.outputs and self.store.find(stage.kind, stage.key) is None:
                raise MissingDataError(
                    f"{stage.kind} of {stage.label} was made and is not in the store.",
                    "Records are written from it.",
                    "Run the same command again: it is rebuilt.",
                    path=self.store.path(stage.kind, stage.key),
                )

    def _resources(self) -> Resources:
        """What the run may use."""
        return choose_resources(self.matrix.device, self.matrix.threads, self.options.workers)

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
        """What ``run.json`` says beside its times."""
        stages = [
            {
                "kind": stage.kind,
                "label": stage.label,
                "key": key,
                "inputs": list(stage.input_keys),
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
            "provenance": collect_provenance(
                self.plugins.records, self._used(plan), self.matrix.device, FileHashes(self.options.cache)
            ),
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


def _tables(results: Sequence[CellResult], run: str) -> dict[str, str]:
    """The comparison in every format, by file name."""
    from zsbench.tables.rendering import render_run  # pandas is needed here only

    return render_run(results, run)


def _draw_sweeps(results: Sequence[CellResult], matrix: Matrix, folder: Path) -> None:
    """Score against every number that the matrix sweeps."""
    if matrix.sweep:
        from zsbench.tables.sweeps import draw_sweeps  # matplotlib is needed here only

        draw_sweeps(results, matrix.sweep, folder)
