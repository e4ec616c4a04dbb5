"""The stages references, score and compare."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zsbench.metrics import PreparedSplit, ScoringContext, prepare_references, score_predictions
from zsbench.plan import Comparison, References, Scoring
from zsbench.runner.captioning import read_predictions
from zsbench.runner.workbench import Workbench
from zsbench.seeds import derive_seed
from zsbench.statistics import paired_difference
from zsbench.store import write_text

if TYPE_CHECKING:
    from zsbench.interfaces import NDArrayFloat

__all__ = ["compare", "prepare", "read_scores", "read_statistics", "read_values", "score"]

RESAMPLES = 10_000


def prepare(work: References, folder: Path, bench: Workbench) -> bool:
    """Tokenise the references of the whole split once; whether every tokenisation succeeded."""
    split = prepare_references(work.task.task.references(), bench.metrics(work.metrics))
    split.save(folder)
    return split.complete


def score(work: Scoring, folder: Path, bench: Workbench) -> bool:
    """Score one cell; write ``scores.json`` and, for each metric, the per-example statistics as npy.

    Returns:
        Whether every metric ran that this machine can run; if not, the next run tries again.
    """
    import numpy as np

    predictions = {row["id"]: row["prediction"] for row in read_predictions(bench.places[work.prediction])}
    work.task.task.check_predictions(predictions, work.task.ids)
    split = PreparedSplit.load(bench.places[work.references])
    metrics = bench.metrics(work.metrics)
    results = score_predictions(predictions, split, metrics, context=ScoringContext(split=work.task.id))
    rows = []
    for result in results:
        row: dict[str, Any] = {
            "id": result.metric,
            "title": result.title,
            "factor": result.factor,
            "score": result.score,
            "standard_error": result.standard_error,
            "signature": result.signature,
            "seconds": round(result.seconds, 3),
            "not_run": result.not_run,
        }
        rows.append(row)
        if result.statistics is not None and result.values is not None:
            np.save(folder / f"{result.metric}.statistics.npy", result.statistics, allow_pickle=False)
            np.save(folder / f"{result.metric}.values.npy", result.values, allow_pickle=False)
        bench.progress(len(rows), len(results))
    write_text(folder / "scores.json", json.dumps({"ids": list(predictions), "metrics": rows}, ensure_ascii=False))
    return all(not row["not_run"] or row["id"] in work.unavailable for row in rows)


def compare(work: Comparison, folder: Path, bench: Workbench) -> None:
    """Paired differences to the baseline's cell for each metric that both have; write ``differences.json``."""
    ours, theirs = bench.places[work.scoring], bench.places[work.baseline]
    if read_scores(ours)["ids"] != read_scores(theirs)["ids"]:
        message = "a cell and its baseline were scored on different ids"  # the plan rules it out
        raise AssertionError(message)
    rows = []
    for metric in bench.metrics(work.metrics):
        mine, base = read_statistics(ours, metric.id), read_statistics(theirs, metric.id)
        if mine is not None and base is not None:
            seed = derive_seed("compare", metric.id)
            found = paired_difference(metric, mine, base, resamples=RESAMPLES, seed=seed)
            rows.append(
                {
                    "metric": metric.id,
                    "difference": found.difference,
                    "standard_error": found.standard_error,
                    "low": found.low,
                    "high": found.high,
                    "p_value": found.p_value,
                }
            )
        bench.progress(len(rows), len(work.metrics))
    write_text(folder / "differences.json", json.dumps(rows))


def read_scores(folder: Path) -> Mapping[str, Any]:
    """What ``score`` wrote about a cell: ids and metrics."""
    data: Mapping[str, Any] = json.loads((folder / "scores.json").read_text(encoding="utf-8"))
    return data


def read_statistics(folder: Path, metric: str) -> NDArrayFloat | None:
    """The per-example statistics of one metric of a score stage; None if it was not run."""
    return _read_array(folder / f"{metric}.statistics.npy")


def read_values(folder: Path, metric: str) -> NDArrayFloat | None:
    """The per-example values of one metric of a score stage; None if it was not run."""
    return _read_array(folder / f"{metric}.values.npy")


def _read_array(path: Path) -> NDArrayFloat | None:
    """An npy array, or None if there is no such file."""
    import numpy as np

    if not path.exists():
        return None
    array: NDArrayFloat = np.load(path, allow_pickle=False)
    return array
