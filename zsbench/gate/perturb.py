"""A worse copy of a run: a share of captions swapped between images and scored again, to see a gate fail.

``zsbench.testing`` offers ``swap_captions`` to authors; nothing here is used by a gate itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from zsbench.errors import ConfigError
from zsbench.gate.tasks import open_task
from zsbench.interfaces import Metric, SimilarityMetric, Task
from zsbench.metrics import PreparedSplit, ScoringContext, prepare_references, score_predictions
from zsbench.metrics.rows import metric_row, row_key
from zsbench.records import CellRecord, RunFolder, find_run, read_cells, read_run
from zsbench.records.models import MetricRow
from zsbench.records.statistics import pack_statistics
from zsbench.registry import Registry, make_metric
from zsbench.seeds import derive_seed
from zsbench.store import default_cache

if TYPE_CHECKING:
    from zsbench.interfaces import NDArrayFloat

__all__ = ["swap_captions", "swap_predictions"]


def swap_captions(
    run: Path, output: Path, share: float, registry: Registry, *, seed: int = 0, data_root: str = ""
) -> Path:
    """Write a copy of a run in which a share of each cell's predictions has gone to other examples.

    Nothing is captioned: the predictions that were swapped are scored again, with every metric of texts. Metrics of
    image features are told as not run.

    Args:
        run: A run folder.
        output: The results folder of the copy.
        share: Of the predictions of each cell, 0 to 1; at least two are swapped.
        registry: Knows the tasks and metrics of the run.
        seed: Of the choice.
        data_root: Folder or id of the data; empty for the run's, if that is a registered id.

    Returns:
        The folder of the copy.

    Raises:
        ConfigError: The share is not within 0 and 1.
    """
    if not 0 <= share <= 1:
        raise ConfigError(
            f"The share of swapped captions is {share}.",
            "Expected a number within 0 and 1.",
            "Use 0.03 for three per cent.",
            key="share",
        )
    cells = [cell for cell in read_cells(run) if not cell.failed]
    splits: dict[str, tuple[Task, PreparedSplit]] = {}
    folder = RunFolder.create(output, f"{find_run(run).resolve().name}-swapped")
    for cell in cells:
        metrics = _text_metrics(cell, registry)
        if cell.task not in splits:
            task = open_task(cell, registry, default_cache(), data_root=data_root)
            splits[cell.task] = task, prepare_references(task.references(), metrics)
        predictions = swap_predictions(cell.predictions, share, seed=derive_seed(seed, cell.name))
        _write_cell(folder, _rescore(cell, predictions, *splits[cell.task], metrics))
    record = read_run(run)
    folder.write_run(record.model_copy(update={"cells": tuple(cell.name for cell in cells), "stages": ()}))
    return folder.path


def swap_predictions(predictions: Mapping[str, str], share: float, *, seed: int = 0) -> dict[str, str]:
    """The predictions with a share of them moved round a ring of examples, so that each goes to another one."""
    ids = list(predictions)
    order = np.random.default_rng(seed).permutation(len(ids))[: _count(len(ids), share)]
    chosen = [ids[index] for index in order]
    moved = {to: predictions[from_] for to, from_ in zip(chosen, chosen[1:] + chosen[:1], strict=True)}
    return {**predictions, **moved}


def _count(total: int, share: float) -> int:
    """How many predictions are swapped: none, or at least two."""
    return min(total, max(2, round(share * total))) if share > 0 and total > 1 else 0


def _text_metrics(cell: CellRecord, registry: Registry) -> list[Metric]:
    """The metrics of a cell that can be computed again from texts."""
    ids = dict.fromkeys(row.id for row in cell.result.metrics if row.score is not None)
    made = [make_metric(registry, id_) for id_ in ids]
    return [metric for metric in made if not isinstance(metric, SimilarityMetric)]


def _rescore(
    cell: CellRecord, predictions: Mapping[str, str], task: Task, split: PreparedSplit, metrics: Sequence[Metric]
) -> CellRecord:
    """A cell with other predictions and their scores."""
    context = ScoringContext(split=cell.task, groups=task.groups(), group_idf=task.card.group_idf)
    try:
        scored = score_predictions(predictions, split, metrics, context=context)
    finally:
        for metric in metrics:
            metric.close()
    rows = {row_key(one.metric, one.grouping, one.group): MetricRow.model_validate(metric_row(one)) for one in scored}
    statistics: dict[str, NDArrayFloat] = {
        row_key(one.metric, one.grouping, one.group): one.statistics for one in scored if one.statistics is not None
    }
    rescored = tuple(rows.get(key) or _not_run(row) for key, row in cell.rows.items())
    result = cell.result.model_copy(update={"metrics": rescored})
    samples = [sample.model_copy(update={"prediction": predictions[sample.id]}) for sample in cell.samples]
    return replace(cell, result=result, samples=samples, statistics=statistics)


def _not_run(row: MetricRow) -> MetricRow:
    """The row of a metric that needs more than texts."""
    empty = dict.fromkeys(("score", "standard_error", "low", "high"))
    told = row.not_run or "Captions were swapped; only metrics of texts were scored."
    return row.model_copy(update={**empty, "not_run": told})


def _write_cell(folder: RunFolder, cell: CellRecord) -> None:
    """Write a cell as a run does."""
    statistics = pack_statistics(cell.result.metrics, cell.samples, cell.statistics)
    folder.write_cell(cell.result, cell.samples, statistics)
