"""The stages references, score and compare."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zsbench.interfaces import CaptionFeatures, Metric, SimilarityMetric
from zsbench.metrics import ScoringContext, prepare_references, score_predictions
from zsbench.metrics.descriptive import describe_captions, measure_overlap
from zsbench.plan import Comparison, References, Scoring, Similarity, TaskChoice
from zsbench.records import metric_row, row_key, select_statistics, select_values, write_statistics
from zsbench.runner.chunks import read_predictions
from zsbench.runner.features import ImageFeatureReader
from zsbench.runner.workbench import Workbench
from zsbench.seeds import derive_seed
from zsbench.statistics import cluster_codes, paired_difference
from zsbench.store import write_text

if TYPE_CHECKING:
    from zsbench.interfaces import NDArrayFloat

__all__ = [
    "compare",
    "iter_groups",
    "prepare",
    "read_own_statistics",
    "read_scores",
    "read_stage_statistics",
    "read_values",
    "score",
]

RESAMPLES = 10_000
Groups = Mapping[str, Mapping[str, Sequence[str]]]
"""Ids by grouping and group."""

STATISTICS, VALUES = "statistics.safetensors", "values.safetensors"


def prepare(work: References, folder: Path, bench: Workbench) -> bool:
    """Tokenise the references of the whole split once; whether every tokenisation succeeded."""
    split = prepare_references(work.task.task.references(), bench.metrics(work.metrics))
    split.save(folder)
    return split.complete


def score(work: Scoring, folder: Path, bench: Workbench) -> bool:
    """Score one cell; write ``scores.json``, and the per-example statistics and values as safetensors.

    Examples whose image could not be read are left out. Statistics of a group are kept only where they are not rows
    of the whole's.

    Returns:
        Whether every metric ran that this machine can run; if not, the next run tries again.
    """
    rows = list(read_predictions(bench.places[work.prediction]))
    predictions = {row["id"]: row["prediction"] for row in rows if "error" not in row}
    lost = {row["id"] for row in rows if "error" in row}
    work.task.task.check_predictions(predictions, [id_ for id_ in work.task.ids if id_ not in lost])
    split = bench.split(work.references)
    context = ScoringContext(
        split=work.task.id,
        groups=work.task.task.groups(),
        group_idf=work.group_idf,
        clusters=_images(work.task),
    )
    metrics = bench.metrics(work.metrics)
    features = _features(work, work.similarity, predictions, metrics, bench) if work.similarity else None
    results = score_predictions(predictions, split, metrics, context=context, features=features)
    own_groups = {m.id for m in metrics if m.depends_on_split and work.group_idf == "per-group"}
    write_statistics(folder / STATISTICS, select_statistics(results, own_groups))
    write_statistics(folder / VALUES, select_values(results))
    table = [metric_row(result) for result in results]
    document = {"ids": list(predictions), "metrics": table, **_describe(work, list(predictions.values()))}
    write_text(folder / "scores.json", json.dumps(document, ensure_ascii=False))
    return all(not row["not_run"] or row["id"] in work.unavailable for row in table)


def compare(work: Comparison, folder: Path, bench: Workbench) -> None:
    """Paired differences to the baseline's cell for each row that both have; write ``differences.json``.

    Groups are compared where the task's card shows them.
    """
    ours, theirs = bench.places[work.scoring], bench.places[work.baseline]
    groups = work.task.task.groups()
    mine, base = read_stage_statistics(ours, groups), read_stage_statistics(theirs, groups)
    metrics = {metric.id: metric for metric in bench.metrics(work.metrics)}
    card = work.task.task.card
    shown = {None, card.headline_grouping, *card.groupings}
    if read_scores(ours)["ids"] != read_scores(theirs)["ids"]:
        write_text(folder / "differences.json", "[]")  # images that one of them could not read
        return
    scores = read_scores(ours)
    wanted = [row for row in scores["metrics"] if row["grouping"] in shown]
    images = _images(work.task)
    rows: list[dict[str, Any]] = []
    for row in wanted:
        key = row_key(row["id"], row["grouping"], row["group"])
        if key in mine and key in base and len(mine[key]) == len(base[key]):
            seed = derive_seed("compare", key)
            clusters = cluster_codes(_members(scores["ids"], groups, row), images)
            pair = (mine[key], base[key])
            found = paired_difference(metrics[row["id"]], *pair, resamples=RESAMPLES, seed=seed, clusters=clusters)
            labels = {"metric": row["id"], "grouping": row["grouping"], "group": row["group"]}
            fields = ("difference", "standard_error", "low", "high", "p_value")
            rows.append({**labels, **{field: getattr(found, field) for field in fields}})
        bench.progress(len(rows), len(wanted))
    write_text(folder / "differences.json", json.dumps(rows))


def read_scores(folder: Path) -> Mapping[str, Any]:
    """What ``score`` wrote about a cell: ids, metrics, descriptives and overlap with the training text."""
    data: Mapping[str, Any] = json.loads((folder / "scores.json").read_text(encoding="utf-8"))
    return data


def read_stage_statistics(folder: Path, groups: Groups) -> dict[str, NDArrayFloat]:
    """The statistics of every row of a score stage, by ``row_key``; those of groups are taken from the whole's."""
    arrays = _load(folder / STATISTICS)
    scores = read_scores(folder)
    index = {id_: place for place, id_ in enumerate(scores["ids"])}
    for row in scores["metrics"]:
        key = row_key(row["id"], row["grouping"], row["group"])
        if row["grouping"] is not None and key not in arrays and row["id"] in arrays:
            arrays[key] = arrays[row["id"]][[index[id_] for id_ in _members(scores["ids"], groups, row)]]
    return arrays


def read_values(folder: Path) -> dict[str, NDArrayFloat]:
    """The value of each example under each metric that ran, rows in the order of the scored ids."""
    return _load(folder / VALUES)


def read_own_statistics(folder: Path) -> dict[str, NDArrayFloat]:
    """The statistics that a score stage keeps, as a record keeps them too."""
    return _load(folder / STATISTICS)


def _members(ids: Sequence[str], groups: Groups, row: Mapping[str, Any]) -> Sequence[str]:
    """The scored examples of a row: all of them, or those of its group."""
    if row["grouping"] is None:
        return ids
    scored = set(ids)
    return [id_ for id_ in groups[row["grouping"]][row["group"]] if id_ in scored]


def _images(task: TaskChoice) -> dict[str, str]:
    """The image of each question, for examples that share one are resampled together; empty for captions."""
    return {item.id: str(item.path) for item in task.items} if task.answers else {}


def _load(path: Path) -> dict[str, NDArrayFloat]:
    """The arrays of a safetensors file as float64."""
    from safetensors.numpy import load_file

    return {name: array.astype("float64") for name, array in load_file(path).items()}


def _describe(work: Scoring, captions: Sequence[str]) -> dict[str, Any]:
    """Descriptive figures of captions, and how much of the references stands in the training text; None for answers."""
    if work.task.answers:
        return {"descriptives": None, "training_overlap": None}
    known = work.corpus.known if work.corpus else None
    overlap = None if known is None else dataclasses.asdict(measure_overlap(work.task.task.references(), known))
    return {"descriptives": dataclasses.asdict(describe_captions(captions, known)), "training_overlap": overlap}


def _features(
    work: Scoring, similarity: Similarity, predictions: Mapping[str, str], metrics: Sequence[Metric], bench: Workbench
) -> dict[str, CaptionFeatures]:
    """By prompt, what the scoring encoder says of the images, captions and references that are scored."""
    prompts = {metric.prompt for metric in metrics if isinstance(metric, SimilarityMetric)}
    return {prompt: _caption_features(work, similarity, predictions, prompt, bench) for prompt in sorted(prompts)}


def _caption_features(
    work: Scoring, similarity: Similarity, predictions: Mapping[str, str], prompt: str, bench: Workbench
) -> CaptionFeatures:
    """What the scoring encoder says under one prompt; equal captions are encoded once."""
    items = [item for item in work.task.items if item.id in predictions]
    places = {id_: place for place, id_ in enumerate(work.task.ids)}
    encoder = bench.encoder(similarity.encoder, work.device)
    texts = [prompt + predictions[item.id] for item in items]
    distinct = {text: row for row, text in enumerate(dict.fromkeys(texts))}
    encoded = encoder.encode_texts(list(distinct))
    references = bench.references(*similarity.references[prompt])
    images = ImageFeatureReader(bench.places[similarity.images]).pooled([item.row for item in items])
    return CaptionFeatures(
        images=images.double().numpy(),
        captions=encoded[[distinct[text] for text in texts]].double().numpy(),
        references=[references[places[item.id]].double().numpy() for item in items],
        encoder=similarity.encoder.label,
        same_encoder=similarity.same_encoder,
    )


def iter_groups(groups: Groups) -> Iterator[tuple[str, str, str]]:
    """Every (id, grouping, group)."""
    for grouping, found in groups.items():
        for group, ids in found.items():
            for id_ in ids:
                yield id_, grouping, group
