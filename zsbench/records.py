"""Result files: what a run leaves for people, tables and gates.

::

    results/<run>/
        run.json                     plan, matrix, provenance, durations
        cells/<cell>/result.json             scores with uncertainty and signature, differences to the baseline
        cells/<cell>/samples.jsonl           per example: id, prediction, candidates, value of each metric
        cells/<cell>/statistics.safetensors  per example: the sufficient statistics of each metric
        cells/<cell>/official.json           the predictions in the form of the data set's own evaluation
        tables/comparison.md         the full comparison, and as .tex, .html and .csv
    results/latest                   the newest run

Every file carries ``schema_version``; see ``docs/records.md``.
"""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zsbench.errors import CorruptDataError, MissingDataError
from zsbench.files import write_text
from zsbench.interfaces import TaskCard

if TYPE_CHECKING:
    from zsbench.interfaces import NDArrayFloat

__all__ = [
    "SCHEMA_VERSION",
    "STATISTICS",
    "CellFacts",
    "RunFolder",
    "build_result",
    "group_members",
    "narrow_statistics",
    "read_result",
    "read_results",
    "read_run",
    "read_samples",
    "read_statistics",
    "restore_groups",
]

SCHEMA_VERSION = 1
STATISTICS = "statistics.safetensors"
OFFICIAL = "official.json"


@dataclass(frozen=True, kw_only=True)
class CellFacts:
    """What is known of a cell before it is scored.

    Attributes:
        name: Of its folder.
        identity: captioner, gap_model, corpus, task, seed, route and variant.
        card: Of its task.
        n: How many examples were to be predicted.
        config: Of the captioner.
        keys: Of its stages, by kind.
        seconds: Of its stages, by kind.
        timing: How fast its predictions were, loading and encoding aside; None where nothing timed them.
        encoder: What people call the encoder.
        language_model: What people call the language model; empty without.
        data_used: What beyond text was used, to be marked in every table.
        split_remark: How the task's data differ from its official split; empty if they do not.
        source: measured, or how else predictions came here.
        labels: What a reader must know of the scores, such as that some examples have no prediction.
    """

    name: str
    identity: Mapping[str, Any]
    card: TaskCard
    n: int
    config: Mapping[str, Any] = field(default_factory=dict)
    keys: Mapping[str, str] = field(default_factory=dict)
    seconds: Mapping[str, float] = field(default_factory=dict)
    timing: Mapping[str, float] | None = None
    encoder: str = ""
    language_model: str = ""
    data_used: Sequence[str] = ()
    split_remark: str = ""
    source: str = "measured"
    labels: Sequence[str] = ()


def build_result(
    facts: CellFacts,
    *,
    metrics: Sequence[Mapping[str, Any]] = (),
    differences: Sequence[Mapping[str, Any]] = (),
    descriptives: Mapping[str, Any] | None = None,
    training_overlap: Mapping[str, Any] | None = None,
    unreadable: Sequence[Mapping[str, str]] = (),
) -> dict[str, Any]:
    """The ``result.json`` of a cell that was scored.

    Args:
        facts: What is known of the cell.
        metrics: What ``metric_row`` makes of each result.
        differences: Paired differences to the baseline's cell.
        descriptives: What ``describe_captions`` says; None for answers.
        training_overlap: What ``measure_overlap`` says; None for answers and without training text.
        unreadable: Id and reason of each example whose image could not be read.
    """
    card = facts.card
    return {
        "cell": dict(facts.identity),
        "name": facts.name,
        "status": "done",
        "source": facts.source,
        "labels": list(facts.labels),
        "task_title": card.title,
        "task_kind": card.kind,
        "main_metric": card.main_metric,
        "groupings": list(card.groupings),
        "headline_grouping": card.headline_grouping,
        "n": facts.n,
        "encoder": facts.encoder,
        "language_model": facts.language_model,
        "data_used": list(facts.data_used),
        "split_remark": facts.split_remark,
        "config": dict(facts.config),
        "keys": dict(facts.keys),
        "seconds": dict(facts.seconds),
        "timing": dict(facts.timing) if facts.timing else None,
        "metrics": [dict(row) for row in metrics],
        "differences": [dict(row) for row in differences],
        "descriptives": descriptives,
        "training_overlap": training_overlap,
        "unreadable": [dict(row) for row in unreadable],
    }


class RunFolder:
    """One run's folder under the results folder."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @classmethod
    def create(cls, results: Path, name: str) -> RunFolder:
        """A fresh folder named by time and matrix."""
        stamp = time.strftime("%Y%m%d-%H%M%S")
        for attempt in range(1000):
            path = results / (f"{stamp}-{name}" + (f"-{attempt}" if attempt else ""))
            with contextlib.suppress(FileExistsError):
                path.mkdir(parents=True)
                return cls(path)
        raise MissingDataError(
            f"No new folder could be made in {results}.",
            "A run writes to a folder of its own.",
            "Choose another place: `--output DIR`.",
            path=results,
        )

    def write_run(self, record: Mapping[str, Any]) -> None:
        """Write ``run.json``."""
        _write_json(self.path / "run.json", record)

    def write_cell(
        self,
        result: Mapping[str, Any],
        samples: Iterable[Mapping[str, Any]],
        statistics: Mapping[str, NDArrayFloat] | None = None,
        official: Sequence[Mapping[str, str | int]] = (),
    ) -> None:
        """Write one cell's ``result.json`` and ``samples.jsonl``, its statistics and official rows if it has some."""
        folder = self.path / "cells" / str(result["name"])
        folder.mkdir(parents=True, exist_ok=True)
        if statistics:
            from zsbench.metrics.rows import write_statistics  # numpy is needed here only

            write_statistics(folder / STATISTICS, statistics)
        if official:
            write_text(folder / OFFICIAL, json.dumps(list(official), ensure_ascii=False) + "\n")
        lines = (json.dumps(sample, ensure_ascii=False, separators=(",", ":")) + "\n" for sample in samples)
        write_text(folder / "samples.jsonl", "".join(lines))
        _write_json(folder / "result.json", result)

    def write_table(self, name: str, text: str) -> Path:
        """Write a table; its path."""
        folder = self.path / "tables"
        folder.mkdir(exist_ok=True)
        write_text(folder / name, text)
        return folder / name

    def mark_latest(self) -> None:
        """Let ``latest`` beside the run point at it: a link, or a text file where links are not allowed."""
        latest = self.path.parent / "latest"
        temporary = latest.with_name(f"latest.{os.getpid()}.tmp")
        try:
            temporary.symlink_to(self.path.name)
        except OSError:
            temporary.write_text(self.path.name + "\n", encoding="utf-8")
        temporary.replace(latest)


def read_run(run: Path) -> dict[str, Any]:
    """The ``run.json`` of a run.

    Raises:
        MissingDataError: It is no run folder.
        CorruptDataError: The record is not JSON or of another schema.
    """
    return _read_json(run / "run.json")


def read_results(run: Path) -> list[dict[str, Any]]:
    """Every cell's ``result.json`` of a run, in the order the run lists them.

    Raises:
        MissingDataError: It is no run folder.
        CorruptDataError: A record is not JSON or of another schema.
    """
    return [read_result(run, name) for name in read_run(run)["cells"]]


def read_result(run: Path, cell: str) -> dict[str, Any]:
    """One cell's ``result.json``."""
    return _read_json(run / "cells" / cell / "result.json")


def read_samples(run: Path, cell: str) -> list[dict[str, Any]]:
    """One cell's ``samples.jsonl``, a row an example.

    Raises:
        MissingDataError: There is no such file.
        CorruptDataError: A line is not JSON.
    """
    path = run / "cells" / cell / "samples.jsonl"
    try:
        with path.open(encoding="utf-8") as file:
            return [json.loads(line) for line in file]
    except FileNotFoundError:
        raise _no_record(path) from None
    except ValueError as error:
        raise _not_json(path, error) from None


def read_statistics(run: Path, cell: str) -> dict[str, NDArrayFloat]:
    """The per-example statistics ``(n, k)`` of every metric and group that was scored, by ``row_key``.

    Rows are in the order of the cell's samples, without those that have an error.

    Raises:
        MissingDataError: The cell has no statistics.
    """
    from safetensors.numpy import load_file

    path = run / "cells" / cell / STATISTICS
    if not path.is_file():
        raise _no_record(path)
    arrays = {name: array.astype("float64") for name, array in load_file(path).items()}
    samples = [sample for sample in read_samples(run, cell) if "error" not in sample]
    return restore_groups(arrays, read_result(run, cell)["metrics"], samples)


def restore_groups(
    arrays: Mapping[str, NDArrayFloat], rows: Iterable[Mapping[str, Any]], samples: Sequence[Mapping[str, Any]]
) -> dict[str, NDArrayFloat]:
    """Statistics with those of groups that were not kept, because they are rows of the whole's.

    Args:
        arrays: What was kept, by ``row_key``.
        rows: The metric rows of the result.
        samples: Those that were scored, in order.
    """
    from zsbench.metrics.rows import row_key

    restored = dict(arrays)
    for row in rows:
        key = row_key(row["id"], row["grouping"], row["group"])
        if key not in restored and row["id"] in restored and row["grouping"] is not None:
            restored[key] = restored[row["id"]][group_members(samples, row["grouping"], row["group"])]
    return restored


def narrow_statistics(
    rows: Iterable[Mapping[str, Any]], samples: Sequence[Mapping[str, Any]], arrays: Mapping[str, NDArrayFloat]
) -> dict[str, Any]:
    """What must be kept of statistics so that ``restore_groups`` gives them back, in narrow types."""
    import numpy as np

    from zsbench.metrics.rows import narrow

    whole = {key: array for key, array in arrays.items() if "@" not in key}
    derived = restore_groups(whole, rows, samples)
    own = [key for key in arrays if key in whole or not np.array_equal(arrays[key], derived.get(key, np.empty(0)))]
    return {key: narrow(arrays[key]) for key in own}


def group_members(samples: Sequence[Mapping[str, Any]], grouping: str, group: str) -> list[int]:
    """Which samples belong to a group."""
    return [index for index, sample in enumerate(samples) if sample.get("groups", {}).get(grouping) == group]


def _write_json(path: Path, record: Mapping[str, Any]) -> None:
    """Write a record with its schema version."""
    text = json.dumps({"schema_version": SCHEMA_VERSION, **record}, indent=1, ensure_ascii=False)
    write_text(path, text + "\n")


def _read_json(path: Path) -> dict[str, Any]:
    """Read a record and check its schema version."""
    try:
        record: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise _no_record(path) from None
    except ValueError as error:
        raise _not_json(path, error) from None
    if record.get("schema_version") != SCHEMA_VERSION:
        raise CorruptDataError(
            f"{path} has schema version {record.get('schema_version')!r}.",
            f"This zsbench reads version {SCHEMA_VERSION}.",
            "Run again to write a new record.",
            path=path,
        )
    return record


def _no_record(path: Path) -> MissingDataError:
    """The error of a record that is not there."""
    return MissingDataError(
        f"There is no {path}.",
        "A run folder holds run.json and cells.",
        "Name a folder that `zsbench run` wrote, such as results/latest.",
        path=path,
    )


def _not_json(path: Path, error: ValueError) -> CorruptDataError:
    """The error of a record that is not JSON."""
    return CorruptDataError(
        f"{path} is not JSON: {error}.", "zsbench wrote it as JSON.", "Run again to write a new record.", path=path
    )
