"""Making one stage: under its lock, into a temporary folder, committed whole."""

from __future__ import annotations

import shutil
import time
import traceback
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace

from zsbench.errors import HashMismatchError, ZsbenchError
from zsbench.flops import STAGE, WAIT, measure
from zsbench.interfaces import StageRecord
from zsbench.oom import listen_to_halvings
from zsbench.runner.disk import disk_error
from zsbench.runner.memory import give_back
from zsbench.stages import Stage, StageContext
from zsbench.store import Store

__all__ = ["make_stage"]

MOST_TOLD = 3


def make_stage(stage: Stage, context: StageContext) -> StageRecord:
    """Make a stage's output under its lock, unless another process was faster; whatever goes wrong is recorded."""
    with listen_to_halvings() as halvings, measure(context.meter, STAGE):
        record = _make_stage(stage, context)
    give_back()
    remarks = tuple(str(halving) for halving in halvings)
    work = () if context.meter is None else context.meter.take()
    return replace(record, remarks=remarks, work=work) if remarks or work else record


def _make_stage(stage: Stage, context: StageContext) -> StageRecord:
    """Make it, or find it."""
    began = time.monotonic()
    store = context.store
    try:
        with _held(stage, context):
            entry = store.find(stage.kind, stage.key)
            if entry is None or not entry.final:
                final = stage.run(store.partial(stage.kind, stage.key), context)
                _check_unedited(stage, store)
                seconds = time.monotonic() - began
                entry = store.commit(
                    stage.kind, stage.key, stage.depends_on, seconds=seconds, final=final, label=stage.label
                )
    except Exception as error:  # noqa: BLE001  recorded, and the other cells go on
        told = disk_error(error, store.root) or error
        reason = str(told) if isinstance(told, ZsbenchError) else f"{type(error).__name__}: {error}"
        return StageRecord("failed", time.monotonic() - began, reason, traceback.format_exc())
    return StageRecord("done", entry.seconds)


@contextmanager
def _held(stage: Stage, context: StageContext) -> Iterator[None]:
    """Hold a stage; how long another process kept us waiting is counted."""
    with ExitStack() as held:
        with measure(context.meter, WAIT):
            held.enter_context(context.store.lock(stage.key))
        yield


def _check_unedited(stage: Stage, store: Store) -> None:
    """Refuse an output whose code or files were edited while it was made: nobody knows which of them it is of.

    Raises:
        HashMismatchError: They were; what was made is removed.
    """
    edited = stage.find_edits()
    if edited:
        partial = store.partial(stage.kind, stage.key)
        shutil.rmtree(partial, ignore_errors=True)
        raise HashMismatchError(
            f"{', '.join(edited[:MOST_TOLD])} changed while {stage.kind} of {stage.label} was made.",
            "An output is kept under the content of what made it.",
            "Run the same command again: it makes this stage from what is there now.",
            path=partial,
        )
