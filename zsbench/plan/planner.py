"""Matrix -> plan: each cell asks for the stages it needs, and equal stages stand once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from zsbench.config import Matrix
from zsbench.data import OfficialSplits
from zsbench.errors import ConfigError, MetricNotRunError, MissingDataError, MissingDependencyError
from zsbench.fingerprints import FileHashes
from zsbench.interfaces import (
    CaptionerSpec,
    CorpusSpec,
    Metric,
    MetricSpec,
    SimilarityMetric,
    TaskSpec,
)
from zsbench.plan.axes import Axis, iter_axes
from zsbench.plan.builder import Parts, StageBuilder
from zsbench.plan.choices import EncoderChoice, LanguageModelChoice
from zsbench.plan.data import CorpusChoice, DataPlace, TaskChoice
from zsbench.plan.stages import Cell, Plan
from zsbench.registry import Registry, load_object

__all__ = ["PlanOptions", "make_plan"]


@dataclass(frozen=True)
class PlanOptions:
    """How a plan is made.

    Attributes:
        hashes: Of files.
        online: Whether weights may be downloaded.
        without_weights: Plan even if weights are not on this machine, for a dry run.
    """

    hashes: FileHashes
    online: bool = False
    without_weights: bool = False


def make_plan(matrix: Matrix, registry: Registry, data_root: Path, options: PlanOptions) -> Plan:
    """The stages and cells of a matrix. Reads annotations, weights' hashes and images' hashes; loads no model.

    Raises:
        UnknownIdError: The matrix names something that nobody registered.
        ConfigError: A setting is wrong, or a captioner lacks what it needs.
        DataError: Data are missing or corrupt.
        MissingWeightsError: Weights are not on this machine.
    """
    return _Planner(matrix, registry, data_root, options).plan()


class _Planner:
    """Builds one plan."""

    def __init__(self, matrix: Matrix, registry: Registry, data_root: Path, options: PlanOptions) -> None:
        self.matrix = matrix
        self.registry = registry
        self.options = options
        self.result = Plan()
        _check_ids(matrix, registry)
        place = DataPlace(data_root, options.hashes, strict=matrix.fail_on_error)
        self.tasks = self._tasks(place)
        self.corpora = [
            CorpusChoice(id_, registry, data_root, matrix.corpus_settings.get(id_, {})) for id_ in matrix.corpora
        ]
        self.axes = list(iter_axes(matrix, registry, self.corpora))
        self.result.unavailable = _unavailable(self.tasks, matrix, registry)
        self.result.remarks += [_tell_missing(task, data_root) for task in self.tasks if task.missing]
        self.result.split_remarks = _split_remarks(self.tasks, registry)
        self.stages = StageBuilder(matrix, registry, self._parts(place), self.result)

    def plan(self) -> Plan:
        """The whole plan, with comparisons to the baseline's cells."""
        allowed = {(pair.corpus, pair.task) for pair in self.matrix.pairs}
        for axis in self.axes:
            for task in self.tasks:
                if not allowed or axis.corpus_id is None or (axis.corpus_id, task.id) in allowed:
                    self.result.cells += [self._cell(axis, task, route) for route in self._routes(axis, task)]
        self.result.cells = [self._compared(cell) for cell in self.result.cells]
        return self.result

    def _tasks(self, place: DataPlace) -> list[TaskChoice]:
        """The tasks of the matrix, less those whose files are not there where the matrix lets them be left out.

        Raises:
            MissingDataError: The files of a task are not there, and it may not be left out or no other is left.
        """
        found: list[TaskChoice] = []
        lost: list[MissingDataError] = []
        for task in (self._task(id_, place, self.matrix.limit) for id_ in self.matrix.tasks):
            try:
                _ = task.examples
            except MissingDataError as error:
                lost.append(error)
                self.result.remarks.append(f"{task.id} is left out: {error.found} `--tasks {task.id}` insists on it.")
            else:
                found.append(task)
        if lost and (self.matrix.missing_tasks == "error" or not found):
            raise lost[0]
        return found

    def _task(self, id_: str, place: DataPlace, limit: int | None) -> TaskChoice:
        """One task under the data root."""
        settings = self.matrix.task_settings.get(id_, {})
        return TaskChoice(id_, self.registry, place, limit=limit, settings=settings)

    def _parts(self, place: DataPlace) -> Parts:
        """The models and data beside tasks and corpora."""
        matrix, online, hashes = self.matrix, self.options.online, self.options.hashes
        encoder = EncoderChoice(matrix.encoder, self.registry, online=online, hashes=hashes)
        scoring = language_model = fit = None
        if matrix.scoring_encoder:
            scoring = EncoderChoice(matrix.scoring_encoder, self.registry, online=online, hashes=hashes)
        if matrix.language_model:
            language_model = LanguageModelChoice(matrix.language_model, online=online, hashes=hashes)
        if matrix.gap_fit:
            fit = self._task(matrix.gap_fit.task, place, matrix.gap_fit.limit)
        if self.options.without_weights:
            found = [model.tolerate_missing() for model in (encoder, scoring, language_model) if model]
            self.result.remarks += [reason for reason in found if reason]
        patches = any(axis.needs.patches for axis in self.axes)
        return Parts(encoder, language_model, scoring, fit, patches)

    def _routes(self, axis: Axis, task: TaskChoice) -> list[str]:
        """How a captioner answers a task's questions; one empty route for captions.

        Raises:
            ConfigError: The matrix wants answers from features, and the captioner has none.
        """
        if not task.answers:
            return [""]
        auto = "features" if axis.needs.answers else "caption"
        routes = list(dict.fromkeys(auto if route == "auto" else route for route in self.matrix.answering.routes))
        if not axis.needs.answers and "features" in routes:
            if "caption" not in routes:
                raise ConfigError(
                    f"Captioner {axis.captioner.id!r} does not answer questions from its features.",
                    "It captions, and the language model can read its captions.",
                    "Add the route: `--set 'answering.routes=[features, caption]'`.",
                    key="answering",
                )
            routes.remove("features")
        return routes

    def _cell(self, axis: Axis, task: TaskChoice, route: str) -> Cell:
        """One cell with all its stages."""
        stages = self.stages
        cell = Cell(
            captioner=axis.captioner,
            task=task,
            corpus=axis.corpus_id,
            gap_model=axis.gap_model,
            seed=axis.seed,
            route=route,
            variant=axis.variant,
            metrics=stages.metrics(task),
            data_used=stages.data_used(axis),
            images=stages.images(task, patches=stages.parts.patches),
            prediction=stages.prediction(axis, task, route=route),
            references=stages.references(task),
            scoring="",
        )
        return replace(cell, scoring=stages.scoring(cell, axis))

    def _compared(self, cell: Cell) -> Cell:
        """The cell with its comparison to the baseline's cell, where there is one."""
        base = self._baseline_of(cell)
        return cell if base is None else replace(cell, comparison=self.stages.comparison(cell, base))

    def _baseline_of(self, cell: Cell) -> Cell | None:
        """The baseline's cell to compare with: same task and seed, and same else where the baseline has it."""
        if cell.captioner.id == self.matrix.baseline:
            return None
        rows = [c for c in self.result.cells if c.captioner.id == self.matrix.baseline and c.task.id == cell.task.id]
        rows = [c for c in rows if c.seed == cell.seed and cell.corpus in {c.corpus, None}]
        rows = [c for c in rows if cell.gap_model in {c.gap_model, None}]
        rows.sort(key=lambda c: (c.route != cell.route, c.variant != cell.variant))
        return rows[0] if rows else None


def _check_ids(matrix: Matrix, registry: Registry) -> None:
    """Refuse unknown ids before anything is read; a baseline must be one of the captioners."""
    for captioner in matrix.captioners:
        registry.get(CaptionerSpec, captioner)
    for task in (*matrix.tasks, *matrix.task_settings):
        registry.get(TaskSpec, task)
    for corpus in (*matrix.corpora, *matrix.corpus_settings):
        registry.get(CorpusSpec, corpus)
    for metric in matrix.metrics:
        registry.get(MetricSpec, metric)
    for captioner in matrix.settings:
        registry.get(CaptionerSpec, captioner, cause="The matrix has settings for it.")
    _check_baseline(matrix)
    _check_pairs(matrix)
    if matrix.gap_fit is not None:
        registry.get(TaskSpec, matrix.gap_fit.task)
        _check_gap_fit(matrix)


def _check_baseline(matrix: Matrix) -> None:
    """A baseline is one of the captioners."""
    if matrix.baseline is not None and matrix.baseline not in matrix.captioners:
        raise ConfigError(
            f"The baseline {matrix.baseline!r} is not among the captioners.",
            f"The baseline is one of: {', '.join(matrix.captioners)}.",
            f"Choose one: `--set baseline={matrix.captioners[0]}`.",
            key="baseline",
        )


def _check_pairs(matrix: Matrix) -> None:
    """A pair names a corpus and a task of the matrix."""
    for pair in matrix.pairs:
        if pair.corpus not in matrix.corpora or pair.task not in matrix.tasks:
            raise ConfigError(
                f"The pair of {pair.corpus!r} and {pair.task!r} is not of this matrix.",
                "A pair names one of its corpora and one of its tasks.",
                "Add them to `corpora` and `tasks`, or remove the pair.",
                key="pairs",
            )


def _check_gap_fit(matrix: Matrix) -> None:
    """The images of a fit are not those that are scored."""
    if matrix.gap_fit is not None and matrix.gap_fit.task in matrix.tasks:
        raise ConfigError(
            f"`gap_fit` names {matrix.gap_fit.task!r}, which is scored.",
            "A gap model is fitted on images that it is not tested on.",
            "Name another split, such as the validation split.",
            key="gap_fit.task",
        )


def _unavailable(tasks: Sequence[TaskChoice], matrix: Matrix, registry: Registry) -> dict[str, str]:
    """Why each metric that cannot run on this machine cannot, by id."""
    reasons = {}
    ids = [*(id_ for task in tasks for id_ in task.task.card.metrics), *matrix.metrics]
    for id_ in dict.fromkeys(ids):
        metric: Metric = load_object(registry.get(MetricSpec, id_).factory)()
        try:
            metric.check_available()
            if isinstance(metric, SimilarityMetric) and matrix.scoring_encoder is None:
                metric.statistics({}, None)  # says what it needs
        except (MetricNotRunError, MissingDependencyError) as error:
            reasons[id_] = f"{metric.title} will not be run: {error}"
    return reasons


def _tell_missing(task: TaskChoice, data_root: Path) -> str:
    """What is said of images that are not there."""
    return (
        f"{len(task.missing)} of {len(task.image_files)} images of {task.id} are missing; they are left out, and "
        f"scores say so (`zsbench data verify {task.id} --data-root {data_root}` lists them, `--fail-on-error` stops "
        "instead)."
    )


def _split_remarks(tasks: Sequence[TaskChoice], registry: Registry) -> dict[str, str]:
    """How the data of each task differ from its official split, by id."""
    splits = OfficialSplits(registry)
    found = {task.id: splits.check(task.task) for task in tasks}
    return {id_: remark for id_, remark in found.items() if remark}
