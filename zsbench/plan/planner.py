"""Matrix -> plan: each cell asks for the stages it needs, and equal stages stand once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from zsbench.code import CodeHashes
from zsbench.components import CorpusChoice, DataPlace, EncoderChoice, LanguageModelChoice, TaskChoice
from zsbench.config import Matrix
from zsbench.cores import count_threads
from zsbench.data import OfficialSplits
from zsbench.errors import MetricNotRunError, MissingDataError, MissingDependencyError
from zsbench.fingerprints import FileHashes
from zsbench.interfaces import SimilarityMetric
from zsbench.judgement.pairing import choose_baseline
from zsbench.plan.axes import iter_axes
from zsbench.plan.builder import Models, StageBuilder
from zsbench.plan.cells import Cell, Plan
from zsbench.plan.checks import iter_problems
from zsbench.plan.points import Point, iter_points
from zsbench.registry import Registry, make_metric
from zsbench.stages import Setup

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
        if (problem := next(iter_problems(matrix, registry), None)) is not None:
            raise problem
        place = DataPlace(data_root, options.hashes, strict=matrix.fail_on_error)
        self.tasks = self._tasks(place)
        self.corpora = [
            CorpusChoice(id_, registry, data_root, matrix.corpus_settings.get(id_, {})) for id_ in matrix.corpora
        ]
        self.axes = list(iter_axes(matrix, registry, self.corpora))
        self.result.unavailable = _unavailable(self.tasks, matrix, registry)
        self.result.remarks += [_tell_missing(task, data_root) for task in self.tasks if task.missing]
        self.result.split_remarks = _split_remarks(self.tasks, registry)
        threads = matrix.threads or count_threads()
        setup = Setup(CodeHashes(options.hashes), options.hashes, matrix.device, threads)
        self.stages = StageBuilder(matrix, registry, self._models(place), setup, tuple(self.result.unavailable))

    def plan(self) -> Plan:
        """The whole plan, with comparisons to the baseline's cells."""
        self.result.cells = [self._cell(point) for point in iter_points(self.matrix, self.axes, self.tasks)]
        self.result.cells = [self._compared(cell) for cell in self.result.cells]
        for stage in (stage for cell in self.result.cells for stage in cell.stages):
            self.result.add(stage)
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

    def _models(self, place: DataPlace) -> Models:
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
        return Models(encoder, language_model, scoring, fit, patches)

    def _cell(self, point: Point) -> Cell:
        """One cell with all its stages."""
        stages, axis, task, route = self.stages, point.axis, point.task, point.route
        prediction = stages.prediction(axis, task, route=route)
        return Cell(
            captioner=axis.captioner,
            task=task,
            corpus=axis.corpus_id,
            gap_model=axis.gap_model,
            seed=axis.seed,
            route=route,
            variant=axis.variant,
            metrics=stages.metrics(task).ids,
            data_used=stages.data_used(axis),
            supervision=stages.supervision(axis),
            prediction=prediction,
            references=stages.references(task),
            scoring=stages.scoring(axis, task, prediction, route=route),
        )

    def _compared(self, cell: Cell) -> Cell:
        """The cell with its comparison to the baseline's cell, where there is one."""
        places = [other.identity for other in self.result.cells]
        found = choose_baseline(cell.identity, places, baseline=self.matrix.baseline)
        if found is None:
            return cell
        base = self.result.cells[found]
        return replace(cell, comparison=self.stages.comparison(cell, base), compared_route=base.route)


def _unavailable(tasks: Sequence[TaskChoice], matrix: Matrix, registry: Registry) -> dict[str, str]:
    """Why each metric that cannot run on this machine cannot, by id."""
    reasons = {}
    ids = [*(id_ for task in tasks for id_ in task.task.card.metrics), *matrix.metrics]
    for id_ in dict.fromkeys(ids):
        metric = make_metric(registry, id_)
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
