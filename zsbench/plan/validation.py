"""Everything that is wrong with a matrix, at once: without data and weights, and with data where they are given."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from zsbench.components import CorpusChoice, DataPlace, EncoderChoice, GapChoice, LanguageModelChoice, TaskChoice
from zsbench.config import Matrix
from zsbench.errors import ConfigError, ZsbenchError
from zsbench.fingerprints import FileHashes
from zsbench.interfaces import CaptionerSpec, CorpusSpec, MetricSpec, TaskSpec
from zsbench.plan.axes import Axis, check_sweep, find_gap_setting, iter_axes
from zsbench.plan.checks import answers_not_captions, iter_problems, no_fit_images, no_reader
from zsbench.plan.points import Point, iter_points
from zsbench.registry import Registry

__all__ = ["Validation", "validate_matrix"]

NOWHERE = Path("no-data-root")


@dataclass
class Validation:
    """What a look at a matrix found.

    Attributes:
        problems: Everything that would stop a run, each once.
        cells: How many cells the matrix has, as far as it can be told.
    """

    problems: list[ZsbenchError] = field(default_factory=list)
    cells: int = 0

    def note(self, problem: ZsbenchError) -> None:
        """Add a problem unless one of the same words is there."""
        if str(problem) not in {str(known) for known in self.problems}:
            self.problems.append(problem)

    @contextlib.contextmanager
    def noting(self) -> Iterator[None]:
        """Note the problem that ends a block, and go on after it."""
        try:
            yield
        except ZsbenchError as error:
            self.note(error)


def validate_matrix(
    matrix: Matrix, registry: Registry, *, data_root: Path | None = None, hashes: FileHashes | None = None
) -> Validation:
    """Look at everything that a matrix names and at how it fits together; loads no model.

    Args:
        matrix: A matrix that parses.
        registry: What there is.
        data_root: Where the files of tasks and corpora are looked at too; None looks at no data.
        hashes: Remembered hashes of weights.
    """
    return _Inspection(matrix, registry, data_root, hashes or FileHashes(None)).inspect()


class _Inspection:
    """One look at one matrix."""

    def __init__(self, matrix: Matrix, registry: Registry, data_root: Path | None, hashes: FileHashes) -> None:
        self.matrix = matrix
        self.registry = registry
        self.data_root = data_root
        self.hashes = hashes
        self.found = Validation()
        self.tasks: list[TaskChoice] = []
        self.corpora: list[CorpusChoice] = []
        self.points: list[Point] = []

    def inspect(self) -> Validation:
        """Every part in turn; what idles is told only where nothing else is wrong."""
        for problem in iter_problems(self.matrix, self.registry):
            self.found.note(problem)
        with self.found.noting():
            check_sweep(self.matrix, self.registry)
        self._look_at_models()
        self._look_at_data()
        for id_ in self._known(CaptionerSpec, self.matrix.captioners):
            with self.found.noting():
                self._look_at_captioner(id_)
        self.found.cells = len(self.points)
        if not self.found.problems:
            self._look_for_idle()
        return self.found

    def _known(self, kind: type[CaptionerSpec | TaskSpec | CorpusSpec], ids: tuple[str, ...]) -> list[str]:
        """The ids that somebody registered; the others are told already."""
        return [id_ for id_ in ids if id_ in self.registry.ids(kind)]

    def _look_at_models(self) -> None:
        """Settings of encoders and language model; that weights are not here is no problem."""
        for setting in (self.matrix.encoder, self.matrix.scoring_encoder):
            with self.found.noting():
                if setting is not None:
                    EncoderChoice(setting, self.registry, online=False, hashes=self.hashes).tolerate_missing()
        with self.found.noting():
            if self.matrix.language_model is not None:
                LanguageModelChoice(self.matrix.language_model, online=False, hashes=self.hashes)
        for gap in self.matrix.gap_models:
            with self.found.noting():
                GapChoice.resolve(gap, self.registry)

    def _look_at_data(self) -> None:
        """Cards and settings of tasks and corpora, and their files if there is a data root."""
        root = self.data_root or NOWHERE
        for id_ in self._known(TaskSpec, self.matrix.tasks):
            with self.found.noting():
                self.tasks.append(task := self._task(id_, root))
                if self.data_root is not None:
                    task.check_images()
        for id_ in self._known(CorpusSpec, self.matrix.corpora):
            with self.found.noting():
                corpus = CorpusChoice(id_, self.registry, root, self.matrix.corpus_settings.get(id_, {}))
                self.corpora.append(corpus)
                if self.data_root is not None:
                    _ = corpus.texts

    def _task(self, id_: str, root: Path) -> TaskChoice:
        """One task, its card read and the metrics on it known."""
        place = DataPlace(root, self.hashes, strict=self.matrix.fail_on_error)
        settings = self.matrix.task_settings.get(id_, {})
        task = TaskChoice(id_, self.registry, place, limit=self.matrix.limit, settings=settings)
        for metric in task.task.card.metrics:
            self.registry.get(MetricSpec, metric, cause=f"It is a metric of {id_}.")
        return task

    def _look_at_captioner(self, id_: str) -> None:
        """A captioner's settings, gap models and points, alone with the sweeps that concern it."""
        bases = self.registry.bases(id_)
        sweep = {key: values for key, values in self.matrix.sweep.items() if key.partition(".")[0] in bases}
        alone = self.matrix.model_copy(update={"captioners": (id_,), "sweep": sweep})
        self.registry.resolve_captioner(id_, self.matrix.settings)  # though no corpus may be known
        axes = list(iter_axes(alone, self.registry, self.corpora)) if self.corpora else []
        for axis in axes:
            self._look_at_gaps(axis)
        for point in iter_points(alone, axes, self.tasks):
            self.points.append(point)
            with self.found.noting():
                self._look_at_point(point)

    def _look_at_gaps(self, axis: Axis) -> None:
        """The gap models of training and inference exist, and have the images that their fits require."""
        for part in ("training", "inference"):
            setting = find_gap_setting(axis.captioner.config, part)
            if axis.needs.gap_model and setting is not None:
                gap = GapChoice.resolve(setting, self.registry)
                if gap.requires not in {"none", "text"} and self.matrix.gap_fit is None:
                    raise no_fit_images(gap)

    def _look_at_point(self, point: Point) -> None:
        """A caption that is read has a reader; who looks at reference captions is given some."""
        if point.route == "caption" and self.matrix.language_model is None:
            raise no_reader(point.task.id)
        if point.axis.needs.references and point.task.answers:
            raise answers_not_captions(point.task.id)

    def _look_for_idle(self) -> None:
        """A task or a corpus that no cell has is a slip of the pen."""
        tasks: set[str | None] = {point.task.id for point in self.points}
        corpora = {point.axis.corpus_id for point in self.points}
        paired = self.matrix.corpora if self.matrix.pairs else ()
        for kind, ids, used in (("task", self.matrix.tasks, tasks), ("corpus", paired, corpora)):
            for id_ in ids:
                if id_ not in used:
                    self.found.note(
                        ConfigError(
                            f"The {kind} {id_!r} is in no cell.",
                            "A pair joins it to what it is trained or tested with.",
                            f"Add a pair with it to `pairs`, or remove the {kind}.",
                            key="pairs",
                        )
                    )
