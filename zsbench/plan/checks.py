"""What a matrix may not ask for, known without data and without weights."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from zsbench.components import GapChoice
from zsbench.config import Matrix
from zsbench.errors import ConfigError, UnknownIdError
from zsbench.interfaces import CaptionerSpec, CorpusSpec, MetricSpec, Spec, TaskSpec
from zsbench.registry import Registry

__all__ = ["answers_not_captions", "iter_problems", "no_fit_images", "no_reader"]


def iter_problems(matrix: Matrix, registry: Registry) -> Iterator[ConfigError]:
    """Unknown ids, and a baseline, pairs or a fit that do not belong to the matrix."""
    named: list[tuple[type[Spec], Iterable[str], str]] = [
        (CaptionerSpec, matrix.captioners, ""),
        (TaskSpec, (*matrix.tasks, *matrix.task_settings), ""),
        (CorpusSpec, (*matrix.corpora, *matrix.corpus_settings), ""),
        (MetricSpec, matrix.metrics, ""),
        (CaptionerSpec, matrix.settings, "The matrix has settings for it."),
        (TaskSpec, (matrix.gap_fit.task,) if matrix.gap_fit else (), ""),
    ]
    for kind, ids, cause in named:
        for id_ in dict.fromkeys(ids):
            try:
                registry.get(kind, id_, cause=cause)
            except UnknownIdError as error:
                yield error
    yield from _iter_baseline_problems(matrix)
    yield from _iter_pair_problems(matrix)
    yield from _iter_fit_problems(matrix)


def no_fit_images(gap: GapChoice) -> ConfigError:
    """A gap model whose fit requires images, in a matrix that names none."""
    return ConfigError(
        f"Gap model {gap.id!r} is fitted on {gap.requires} data, and the matrix names none: it is text-only.",
        "`gap_fit: {task: ID}` names a captioning task whose images it may see; tables mark it.",
        "Allow it, for example `--set gap_fit.task=coco-karpathy-val`, or leave this gap model out.",
        key="gap_fit",
    )


def no_reader(task: str) -> ConfigError:
    """A task answered from captions, in a matrix without a language model."""
    return ConfigError(
        f"{task} is answered from captions, and the matrix names no language model to read them.",
        "`language_model: {model: NAME}` names a hub model or a folder.",
        "Add it, for example `--set language_model.model=facebook/opt-1.3b`.",
        key="language_model",
    )


def answers_not_captions(task: str) -> ConfigError:
    """A captioner that looks at reference captions, on a task whose references are answers."""
    return ConfigError(
        f"{task} asks questions; its references are answers.",
        "A captioner that looks at reference captions runs on captioning tasks.",
        "Leave that captioner or that task out.",
        key="captioners",
    )


def _iter_baseline_problems(matrix: Matrix) -> Iterator[ConfigError]:
    """A baseline is one of the captioners."""
    if matrix.baseline is not None and matrix.baseline not in matrix.captioners:
        yield ConfigError(
            f"The baseline {matrix.baseline!r} is not among the captioners.",
            f"The baseline is one of: {', '.join(matrix.captioners)}.",
            f"Choose one: `--set baseline={matrix.captioners[0]}`.",
            key="baseline",
        )


def _iter_pair_problems(matrix: Matrix) -> Iterator[ConfigError]:
    """A pair names a corpus and a task of the matrix."""
    for pair in matrix.pairs:
        if pair.corpus not in matrix.corpora or pair.task not in matrix.tasks:
            yield ConfigError(
                f"The pair of {pair.corpus!r} and {pair.task!r} is not of this matrix.",
                "A pair names one of its corpora and one of its tasks.",
                "Add them to `corpora` and `tasks`, or remove the pair.",
                key="pairs",
            )


def _iter_fit_problems(matrix: Matrix) -> Iterator[ConfigError]:
    """The images of a fit are not those that are scored."""
    if matrix.gap_fit is not None and matrix.gap_fit.task in matrix.tasks:
        yield ConfigError(
            f"`gap_fit` names {matrix.gap_fit.task!r}, which is scored.",
            "A gap model is fitted on images that it is not tested on.",
            "Name another split, such as the validation split.",
            key="gap_fit.task",
        )
