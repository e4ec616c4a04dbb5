"""Results of metrics as rows of a record, and their statistics as files."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from zsbench.interfaces.metric import NDArrayFloat
    from zsbench.metrics.scoring import MetricResult

__all__ = ["metric_row", "narrow", "row_key", "select_statistics", "select_values", "write_statistics"]


def metric_row(result: MetricResult) -> dict[str, Any]:
    """What a record keeps of one metric of the whole or of a group."""
    return {
        "id": result.metric,
        "title": result.title,
        "factor": result.factor,
        "grouping": result.grouping,
        "group": result.group,
        "n": len(result.ids),
        "score": result.score,
        "standard_error": result.standard_error,
        "low": result.low,
        "high": result.high,
        "signature": result.signature,
        "seconds": round(result.seconds, 3),
        "not_run": result.not_run,
    }


def row_key(metric: str, grouping: str | None, group: str | None) -> str:
    """The name of a row's statistics: ``metric``, or ``metric@grouping=group``."""
    return metric if grouping is None else f"{metric}@{grouping}={group}"


def select_statistics(results: Iterable[MetricResult], own_groups: Collection[str]) -> dict[str, NDArrayFloat]:
    """The statistics that a record keeps, by ``row_key``.

    Args:
        results: What was scored.
        own_groups: Ids of the metrics whose rows for a group are not those of the whole.
    """
    return {
        row_key(result.metric, result.grouping, result.group): result.statistics
        for result in results
        if result.statistics is not None and (result.grouping is None or result.metric in own_groups)
    }


def select_values(results: Iterable[MetricResult]) -> dict[str, NDArrayFloat]:
    """The value of each example under each metric that ran, by the metric's id."""
    return {result.metric: result.values for result in results if result.values is not None and result.grouping is None}


def write_statistics(path: Path, arrays: Mapping[str, NDArrayFloat]) -> None:
    """Write statistics as safetensors, each array in the narrowest type that loses nothing."""
    from safetensors.numpy import save_file

    save_file({name: narrow(array) for name, array in arrays.items()}, path)


def narrow(array: NDArrayFloat) -> Any:
    """An array in the narrowest type that loses nothing."""
    import numpy as np

    for kind in (np.uint8, np.uint16, np.uint32, np.float32):
        with np.errstate(invalid="ignore", over="ignore"):
            narrow = array.astype(kind)
        if np.array_equal(narrow.astype(np.float64), array):
            return np.ascontiguousarray(narrow)
    return np.ascontiguousarray(array)
