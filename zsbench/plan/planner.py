"""Matrix -> plan: each cell asks for the stages it needs, and equal stages stand once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from zsbench.config import Matrix
from zsbench.errors import ConfigError, MetricNotRunError, MissingDependencyError
from zsbench.fingerprints import FileHashes
from zsbench.interfaces import (
    CaptionerNeeds,
    CaptionerSpec,
    CorpusSpec,
    Frozen,
    GapSetting,
    Metric,
    MetricSpec,
    TaskSpec,
)
from zsbench.plan.choices import CorpusChoice, EncoderChoice, GapChoice, LanguageModelChoice, TaskChoice
from zsbench.plan.code import library_versions, source_hash
from zsbench.plan.stages import (
    Cell,
    Comparison,
    GapFit,
    ImageEncoding,
    Plan,
    Prediction,
    References,
    Scoring,
    Stage,
    TextEncoding,
    Training,
)
from zsbench.registry import Registry, ResolvedCaptioner, load_object
from zsbench.store import stage_key

__all__ = ["make_plan"]

LIBRARIES = ("torch", "transformers", "open-clip-torch", "torchvision")
STAGE_VERSION = 1
"""Raised when a stage of the core changes what it writes."""


def make_plan(matrix: Matrix, registry: Registry, data_root: Path, *, hashes: FileHashes, online: bool = False) -> Plan:
    """The stages and cells of a matrix. Reads annotations, weights' hashes and images' hashes; loads no model.

    Raises:
        UnknownIdError: The matrix names something that nobody registered.
        ConfigError: A setting is wrong, or a captioner lacks what it needs.
        DataError: Data are missing or corrupt.
        MissingWeightsError: Weights are not on this machine.
    """
    return _Planner(matrix, registry, data_root, hashes, online).plan()


@dataclass(frozen=True)
class _Axis:
    """One point of the matrix but for the task."""

    captioner: ResolvedCaptioner
    needs: CaptionerNeeds
    gap_model: str | None
    corpus: CorpusChoice
    seed: int


class _Planner:
    """Builds one plan; methods add stages and return their keys."""

    def __init__(self, matrix: Matrix, registry: Registry, data_root: Path, hashes: FileHashes, online: bool) -> None:
        self.matrix = matrix
        self.registry = registry
        self.result = Plan()
        _check_ids(matrix, registry)
        self.tasks = [TaskChoice(id_, registry, data_root, limit=matrix.limit, hashes=hashes) for id_ in matrix.tasks]
        self.corpora = [CorpusChoice(id_, registry, data_root) for id_ in matrix.corpora]
        self.encoder = EncoderChoice(matrix.encoder, registry, online=online, hashes=hashes)
        self.result.unavailable = _unavailable(self.tasks, registry)
        self.language_model = (
            LanguageModelChoice(matrix.language_model, online=online, hashes=hashes) if matrix.language_model else None
        )

    def plan(self) -> Plan:
        """The whole plan, with comparisons to the baseline's cells."""
        axes = list(self._axes())
        self.patches = any(axis.needs.patches for axis in axes)
        for axis in axes:
            for task in self.tasks:
                self.result.cells.append(self._cell(axis, task))
        self.result.cells = [self._compared(cell) for cell in self.result.cells]
        return self.result

    def _axes(self) -> list[_Axis]:
        """Captioner x gap model x corpus x seed; a captioner without a gap model stands once on that axis."""
        axes = []
        for id_ in self.matrix.captioners:
            captioner = self.registry.resolve_captioner(id_, self.matrix.settings)
            needs = captioner.needs
            self._check_needs(captioner, needs)
            gaps: Sequence[GapSetting | None] = self.matrix.gap_models if needs.gap_model else ()
            for gap in gaps or (None,):
                chosen = captioner if gap is None else replace(captioner, config=_with_gap(captioner.config, gap))
                axes += [
                    _Axis(chosen, needs, gap.id if gap else None, corpus, seed)
                    for corpus in self.corpora
                    for seed in self.matrix.seeds
                ]
        return axes

    def _check_needs(self, captioner: ResolvedCaptioner, needs: CaptionerNeeds) -> None:
        """Refuse a captioner whose language model the matrix does not name."""
        if needs.language_model and self.language_model is None:
            raise ConfigError(
                f"Captioner {captioner.id!r} needs a language model, and the matrix names none.",
                "`language_model: {model: NAME}` names a hub model or a folder.",
                "Add it, for example `--set language_model.model=facebook/opt-1.3b`.",
                key="language_model",
            )

    def _cell(self, axis: _Axis, task: TaskChoice) -> Cell:
        """One cell with all its stages."""
        prediction = self._prediction(axis, task)
        metrics = task.task.card.metrics
        references = self._references(task)
        unavailable = tuple(id_ for id_ in metrics if id_ in self.result.unavailable)
        material = {
            "prediction": prediction,
            "references": references,
            "ids": task.ids,
            "unavailable": unavailable,
        }
        work = Scoring(task, metrics, unavailable, references, prediction)
        label = f"{axis.captioner.id} on {task.id}"
        scoring = self._add("score", label, material, (prediction, references), work)
        corpus = axis.corpus.id if axis.needs.training or axis.needs.memory else None
        return Cell(axis.captioner, task, corpus, axis.gap_model, axis.seed, prediction, references, scoring)

    def _compared(self, cell: Cell) -> Cell:
        """The cell with its comparison to the baseline's cell, where there is one."""
        base = self._baseline_of(cell)
        if base is None:
            return cell
        work = Comparison(cell.task, cell.task.task.card.metrics, cell.references, cell.scoring, base.scoring)
        material = {"scoring": cell.scoring, "baseline": base.scoring}
        label = f"{cell.captioner.id} against {base.captioner.id} on {cell.task.id}"
        key = self._add("compare", label, material, (cell.scoring, base.scoring, cell.references), work)
        return replace(cell, comparison=key)

    def _baseline_of(self, cell: Cell) -> Cell | None:
        """The baseline's cell to compare with: same task and seed, and same corpus and gap model where it has them."""
        if cell.captioner.id == self.matrix.baseline:
            return None
        rows = [c for c in self.result.cells if c.captioner.id == self.matrix.baseline and c.task.id == cell.task.id]
        rows = [c for c in rows if c.seed == cell.seed and cell.corpus in {c.corpus, None}]
        rows = [c for c in rows if cell.gap_model in {c.gap_model, None}]
        return rows[0] if rows else None

    def _texts(self, corpus: CorpusChoice) -> str:
        """Stage: features of a corpus."""
        material = {"encoder": self.encoder.content, "corpus": corpus.content}
        return self._add("text-features", corpus.id, material, (), TextEncoding(self.encoder, corpus))

    def _images(self, task: TaskChoice) -> str:
        """Stage: features of a task's images, with patch tokens if any captioner of the matrix needs them."""
        material = {"encoder": self.encoder.content, "images": task.images, "patches": self.patches}
        work = ImageEncoding(self.encoder, task, self.patches)
        return self._add("image-features", f"{task.id}, {len(task.ids)} images", material, (), work)

    def _gap(self, config: Frozen, part: str, corpus: CorpusChoice) -> tuple[GapChoice, str | None] | None:
        """The gap model that ``training.gap`` or ``inference.gap`` names, with the stage that fits it."""
        setting = getattr(getattr(config, part, None), "gap", None)
        if not isinstance(setting, GapSetting):
            return None
        gap = GapChoice.resolve(setting, self.registry)
        if gap.requires == "none":
            return gap, None
        if gap.requires != "text":
            raise ConfigError(
                f"Gap model {gap.id!r} is fitted on {gap.requires} data.",
                "A run trains on text alone and gives a fit the text corpus only.",
                "Choose a gap model that requires none or text: `zsbench ls gap-models` lists them.",
                key="gap_models",
            )
        texts = self._texts(corpus)
        fitted = replace(gap, fitted_on=f"{self.encoder.content}/{corpus.content}")
        key = self._add(
            "gap-fit", f"{gap.id} on {corpus.id}", {"gap": fitted.content}, (texts,), GapFit(gap, texts, None)
        )
        return fitted, key

    def _training(self, axis: _Axis) -> str:
        """Stage: the training of a captioner, keyed by its training settings alone."""
        texts = self._texts(axis.corpus)
        gap = self._gap(axis.captioner.config, "training", axis.corpus) if axis.needs.gap_model else None
        language_model = self.language_model if axis.needs.language_model else None
        material = {
            **self._made_by(axis, language_model),
            "settings": _dump(getattr(axis.captioner.config, "training", axis.captioner.config)),
            "corpus": axis.corpus.content,
            "gap": gap and gap[0].content,
        }
        work = Training(
            captioner=axis.captioner,
            encoder=self.encoder,
            corpus=axis.corpus,
            language_model=language_model,
            gap=gap,
            texts=texts,
            seed=axis.seed,
            device=self.matrix.device,
        )
        inputs = (texts, *([gap[1]] if gap and gap[1] else []))
        return self._add("train", f"{axis.captioner.id} on {axis.corpus.id}, seed {axis.seed}", material, inputs, work)

    def _prediction(self, axis: _Axis, task: TaskChoice) -> str:
        """Stage: the captions of a cell. Independent of batch size and of what else the matrix holds."""
        training = self._training(axis) if axis.needs.training else None
        texts = self._texts(axis.corpus) if axis.needs.memory else None
        gap = self._gap(axis.captioner.config, "inference", axis.corpus) if axis.needs.gap_model else None
        language_model = self.language_model if axis.needs.language_model else None
        images = self._images(task)
        material = {
            **self._made_by(axis, language_model),
            "settings": _dump(axis.captioner.config),
            "corpus": axis.corpus.content if axis.needs.memory else None,
            "gap": gap and gap[0].content,
            "training": training,
            "images": task.images,
        }
        work = Prediction(
            captioner=axis.captioner,
            task=task,
            encoder=self.encoder,
            language_model=language_model,
            corpus=axis.corpus,
            training=training,
            gap=gap,
            texts=texts,
            images=images,
            seed=axis.seed,
            batch_size=self.matrix.batch_size,
            device=self.matrix.device,
        )
        inputs = tuple(key for key in (training, texts, images, gap[1] if gap else None) if key)
        return self._add("predict", f"{axis.captioner.id} on {task.id}, seed {axis.seed}", material, inputs, work)

    def _made_by(self, axis: _Axis, language_model: LanguageModelChoice | None) -> dict[str, Any]:
        """What both training and prediction depend on."""
        return {
            "captioner": f"{axis.captioner.factory}/{source_hash(axis.captioner.factory)}",
            "encoder": self.encoder.content,
            "language_model": language_model.content if language_model else None,
            "seed": axis.seed,
            "device": self.matrix.device.split(":")[0],
            "libraries": library_versions(*LIBRARIES),
        }

    def _references(self, task: TaskChoice) -> str:
        """Stage: the references of the whole split, tokenised."""
        metrics = task.task.card.metrics
        material = {"references": task.task.content_hash, "metrics": metrics, "code": self._scoring_code(metrics)}
        return self._add("references", task.id, material, (), References(task, metrics))

    def _scoring_code(self, metrics: Sequence[str]) -> list[str]:
        """Hashes of the code that computes scores: of the core's rooms, and of each metric's package."""
        factories = [self.registry.get(MetricSpec, id_).factory for id_ in metrics]
        core = ("zsbench.metrics.scoring:score_predictions", "zsbench.statistics.bootstrap:bootstrap_all")
        return sorted({source_hash(factory) for factory in (*core, *factories)})

    def _add(self, kind: str, label: str, material: Mapping[str, Any], inputs: tuple[str, ...], work: Any) -> str:
        """Add a stage to the plan."""
        full = {**material, "version": STAGE_VERSION}
        return self.result.add(Stage(kind, stage_key(kind, full), label, inputs, full, work))


def _check_ids(matrix: Matrix, registry: Registry) -> None:
    """Refuse unknown ids before anything is read; a baseline must be one of the captioners."""
    for captioner in matrix.captioners:
        registry.get(CaptionerSpec, captioner)
    for task in matrix.tasks:
        registry.get(TaskSpec, task)
    for corpus in matrix.corpora:
        registry.get(CorpusSpec, corpus)
    for captioner in matrix.settings:
        registry.get(CaptionerSpec, captioner, cause="The matrix has settings for it.")
    if matrix.baseline is not None and matrix.baseline not in matrix.captioners:
        raise ConfigError(
            f"The baseline {matrix.baseline!r} is not among the captioners.",
            f"The baseline is one of: {', '.join(matrix.captioners)}.",
            f"Choose one: `--set baseline={matrix.captioners[0]}`.",
            key="baseline",
        )


def _unavailable(tasks: Sequence[TaskChoice], registry: Registry) -> dict[str, str]:
    """Why each metric that cannot run on this machine cannot, by id."""
    reasons = {}
    for id_ in dict.fromkeys(id_ for task in tasks for id_ in task.task.card.metrics):
        metric: Metric = load_object(registry.get(MetricSpec, id_).factory)()
        try:
            metric.check_available()
        except (MetricNotRunError, MissingDependencyError) as error:
            reasons[id_] = f"{metric.title} will not be run: {error}"
    return reasons


def _with_gap(config: Frozen, gap: GapSetting) -> Frozen:
    """A captioner's config with a gap model of the matrix in training and at inference."""
    parts = {
        name: part.model_copy(update={"gap": gap})
        for name in ("training", "inference")
        if isinstance(part := getattr(config, name, None), Frozen) and hasattr(part, "gap")
    }
    return config.model_copy(update=parts)


def _dump(settings: Frozen) -> Any:
    """Settings as JSON."""
    return settings.model_dump(mode="json")
