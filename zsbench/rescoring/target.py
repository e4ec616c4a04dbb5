"""What predictions are scored against: a task, or a file of references."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from zsbench.components import DataPlace, TaskChoice
from zsbench.data_roots import find_data_root
from zsbench.errors import ConfigError
from zsbench.fingerprints import FileHashes, hash_json
from zsbench.interfaces import TaskCard
from zsbench.predictions import PredictionFile, ReferenceFile, read_references
from zsbench.registry import Registry
from zsbench.rescoring.request import ScoreRequest

__all__ = ["ANSWER_METRICS", "CAPTION_METRICS", "Target", "find_target"]

CAPTION_METRICS = ("bleu-1", "bleu-2", "bleu-3", "bleu-4", "meteor", "rouge-l", "cider-d", "spice")
ANSWER_METRICS = ("vqa-accuracy",)


@dataclass(frozen=True)
class Target:
    """Examples with what is right for each.

    Attributes:
        card: The facts of the task, or what is known of a file.
        references: By example id, for the whole split.
        content: SHA-256 of what is asked and right.
        names: Ids by other names of the examples, such as image files.
        groups: Ids by grouping and group.
        clusters: The image of each question.
        subsets: The group of each example in the field that was asked for.
        form: Form of the reference file; ``task`` for a task.
    """

    card: TaskCard
    references: Mapping[str, Sequence[str]]
    content: str
    names: Mapping[str, str]
    groups: Mapping[str, Mapping[str, Sequence[str]]] = field(default_factory=dict)
    clusters: Mapping[str, str] = field(default_factory=dict)
    subsets: Mapping[str, str] = field(default_factory=dict)
    form: str = "task"


def find_target(request: ScoreRequest, file: PredictionFile, registry: Registry, cache: Path) -> Target:
    """The task that is named, the references that are named, or those inside the predictions.

    Raises:
        ConfigError: Both are named, or neither and the file holds no references.
        ZsbenchError: A file or an id is wrong.
    """
    if request.task and request.references is not None:
        raise ConfigError(
            "Both --task and --references are given.",
            "A file is scored against one of them.",
            "Leave one out.",
            key="task",
        )
    if request.task:
        return _task_target(request, registry, cache)
    if request.references is not None:
        found = read_references(
            request.references,
            form=request.references_form,
            split=request.split,
            subset_field=request.subset_field,
        )
        return _file_target(found, request.split, request.metrics)
    if file.inside is None:
        raise ConfigError(
            f"{file.path.name} is {file.form.id}, which holds no references.",
            "Predictions are scored against a task or a file of references.",
            "Name one: `--task ID --data-root DIR`, or `--references FILE`.",
            key="references",
        )
    return _file_target(file.inside, request.split, request.metrics)


def _task_target(request: ScoreRequest, registry: Registry, cache: Path) -> Target:
    """A task under its data root."""
    root = find_data_root(request.data_root or None, registry, cache)
    choice = TaskChoice(request.task, registry, DataPlace(root, FileHashes(cache)), limit=None)
    names: dict[str, str] = {}
    for item in choice.items if not choice.answers else ():
        names |= {item.path.name: item.id, item.path.stem: item.id}
    clusters = {item.id: str(item.path) for item in choice.items} if choice.answers else {}
    task = choice.task
    return Target(task.card, task.references(), task.content_hash, names, task.groups(), clusters)


def _file_target(file: ReferenceFile, split: str, metrics: Sequence[str]) -> Target:
    """What a file of references says, with a card made for it."""
    chosen = tuple(metrics) or (ANSWER_METRICS if file.form.answers else CAPTION_METRICS)
    stem = re.sub(r"[^a-z0-9]+", "-", f"{file.path.stem} {split}".lower()).strip("-") or "references"
    card = TaskCard(
        id=stem,
        title=file.path.name + (f", split {split}" if split else ""),
        kind="question-answering" if file.form.answers else "captioning",
        split=split or "all",
        source=file.path.name,
        licence="not told",
        revision="not told",
        files=(),
        metrics=chosen,
        main_metric="cider-d" if "cider-d" in chosen else chosen[0],
    )
    content = hash_json([[id_, list(texts)] for id_, texts in file.references.items()])
    return Target(card, file.references, content, file.names, {}, file.clusters, file.subsets, file.form.id)
