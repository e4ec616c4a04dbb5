"""Making one stage: under its lock, into a temporary folder, committed whole."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from zsbench.errors import ZsbenchError
from zsbench.halving import listen_to_halvings
from zsbench.metering import STAGE, WAIT, measure
from zsbench.plan import (
    Comparison,
    GapFit,
    ImageEncoding,
    Prediction,
    Reading,
    References,
    Scoring,
    Stage,
    TextEncoding,
    Training,
)
from zsbench.runner.captioning import predict, train
from zsbench.runner.disk import disk_error
from zsbench.runner.features import encode_images, encode_texts, fit_gap
from zsbench.runner.memory import give_back
from zsbench.runner.outcome import Outcome, StageRecord
from zsbench.runner.reading import read_answers
from zsbench.runner.reporter import Reporter
from zsbench.runner.scoring import compare, prepare, score
from zsbench.runner.workbench import Workbench

__all__ = ["make_stage", "note_stage"]


def make_stage(stage: Stage, bench: Workbench, device: str) -> StageRecord:
    """Make a stage's output under its lock, unless another process was faster; its place goes to the bench."""
    with listen_to_halvings() as halvings, measure(bench.meter, STAGE):
        record = _make_stage(stage, bench, device)
    give_back()
    remarks = tuple(str(halving) for halving in halvings)
    work = () if bench.meter is None else bench.meter.take()
    return replace(record, remarks=remarks, work=work) if remarks or work else record


def _make_stage(stage: Stage, bench: Workbench, device: str) -> StageRecord:
    """Make a stage's output; whatever goes wrong is recorded."""
    began = time.monotonic()
    try:
        with _held(stage, bench):
            entry = bench.store.find(stage.kind, stage.key)
            if entry is None or not entry.final:
                folder = bench.store.partial(stage.kind, stage.key)
                final = _execute(stage, folder, bench, device)
                entry = bench.store.commit(
                    stage.kind,
                    stage.key,
                    stage.material,
                    seconds=time.monotonic() - began,
                    final=final,
                    label=stage.label,
                )
    except Exception as error:  # noqa: BLE001  recorded, and the other cells go on
        told = disk_error(error, bench.store.root) or error
        reason = str(told) if isinstance(told, ZsbenchError) else f"{type(error).__name__}: {error}"
        return StageRecord("failed", time.monotonic() - began, reason, traceback.format_exc())
    bench.places[stage.key] = entry.folder
    return StageRecord("done", entry.seconds)


@contextmanager
def _held(stage: Stage, bench: Workbench) -> Iterator[None]:
    """Hold a stage; how long another process kept us waiting is counted."""
    with ExitStack() as held:
        with measure(bench.meter, WAIT):
            held.enter_context(bench.store.lock(stage.key))
        yield


def note_stage(stage: Stage, record: StageRecord, bench: Workbench, reporter: Reporter, outcome: Outcome) -> None:
    """Tell how a stage went, and remember it."""
    outcome.stages[stage.key] = record
    for remark in record.remarks:
        reporter.remark(f"{stage.kind} of {stage.label}: {remark}")
    if record.state == "done":
        bench.places[stage.key] = outcome.places[stage.key] = bench.store.path(stage.kind, stage.key)
        reporter.stage_finished(stage, record.seconds)
    else:
        reporter.stage_failed(stage, record.reason)


def _execute(stage: Stage, folder: Path, bench: Workbench, device: str) -> bool:
    """Do a stage's work; its output goes to the folder. Whether it is final."""
    actions: dict[type, Callable[[Any], bool | None]] = {
        TextEncoding: lambda work: encode_texts(work, folder, bench, device),
        ImageEncoding: lambda work: encode_images(work, folder, bench, device),
        GapFit: lambda work: fit_gap(work, folder, bench),
        Training: lambda work: train(work, folder, bench),
        References: lambda work: prepare(work, folder, bench),
        Prediction: lambda work: predict(work, folder, bench),
        Reading: lambda work: read_answers(work, folder, bench),
        Scoring: lambda work: score(work, folder, bench),
        Comparison: lambda work: compare(work, folder, bench),
    }
    return actions[type(stage.work)](stage.work) is not False
