"""Per-example statistics of a record: what is kept of them, and how the rest follows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from zsbench.interfaces import NDArrayFloat
    from zsbench.records.models import MetricRow, Sample

__all__ = ["find_group_members", "load_statistics", "pack_statistics", "restore_groups"]


def load_statistics(content: bytes, rows: Iterable[MetricRow], samples: Sequence[Sample]) -> dict[str, NDArrayFloat]:
    """``(n, k)`` statistics of every metric and group that was scored, by ``row_key``.

    Args:
        content: A safetensors file.
        rows: The metric rows of the result.
        samples: Those that were scored, in order.

    Raises:
        ValueError: It is no such file, or its arrays do not fit the samples.
    """
    from safetensors.numpy import load

    try:
        arrays = {name: array.astype("float64") for name, array in load(content).items()}
        return restore_groups(arrays, rows, samples)
    except Exception as error:  # noqa: BLE001  safetensors raises what its parser meets
        raise ValueError(f"{type(error).__name__}: {error}") from None


def restore_groups(
    arrays: Mapping[str, NDArrayFloat], rows: Iterable[MetricRow], samples: Sequence[Sample]
) -> dict[str, NDArrayFloat]:
    """Statistics with those of groups that were not kept, because they are rows of the whole's.

    Args:
        arrays: What was kept, by ``row_key``.
        rows: The metric rows of the result.
        samples: Those that were scored, in order.
    """
    restored = dict(arrays)
    members: dict[tuple[str, str | None], list[int]] = {}
    for row in rows:
        key = row.key
        if row.grouping is None or key in restored or row.id not in restored:
            continue
        part = row.grouping, row.group
        if part not in members:
            members[part] = find_group_members(samples, *part)
        restored[key] = restored[row.id][members[part]]
    return restored


def pack_statistics(
    rows: Iterable[MetricRow], samples: Sequence[Sample], arrays: Mapping[str, NDArrayFloat]
) -> dict[str, Any]:
    """What must be kept of statistics so that ``restore_groups`` gives them back, in narrow types."""
    import numpy as np

    from zsbench.metrics.rows import narrow

    whole = {key: array for key, array in arrays.items() if "@" not in key}
    derived = restore_groups(whole, rows, samples)
    own = [key for key in arrays if key in whole or not np.array_equal(arrays[key], derived.get(key, np.empty(0)))]
    return {key: narrow(arrays[key]) for key in own}


def find_group_members(samples: Sequence[Sample], grouping: str, group: str | None) -> list[int]:
    """Which samples belong to a group."""
    return [index for index, sample in enumerate(samples) if sample.groups.get(grouping) == group]
