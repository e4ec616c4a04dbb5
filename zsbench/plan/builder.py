"""Stages of a plan: each method adds what it names, with all that it waits for, and returns its key."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from zsbench.config import Matrix
from zsbench.fingerprints import hash_json
from zsbench.interfaces import Frozen, GapSetting, MetricSpec, SimilarityMetric
from zsbench.plan.axes import Axis
from zsbench.plan.checks import answers_not_captions, no_fit_images, no_reader
from zsbench.plan.choices import EncoderChoice, GapChoice, LanguageModelChoice
from zsbench.plan.code import STAGE_VERSION, library_versions, references_material, source_hash
from zsbench.plan.data import CorpusChoice, ReferenceTexts, TaskChoice, TextSource
from zsbench.plan.stages import (
    Cell,
    Comparison,
    GapFit,
    ImageEncoding,
    Plan,
    Prediction,
    Reading,
    References,
    Scoring,
    Similarity,
    Stage,
    TextEncoding,
    Training,
    Work,
)
from zsbench.registry import Registry, load_object
from zsbench.store import stage_key

__all__ = ["Parts", "StageBuilder"]

LIBRARIES = ("torch", "transformers", "open-clip-torch", "torchvision")


@dataclass(frozen=True)
class Parts:
    """The models and data of a matrix.

    Attributes:
        encoder: The captioners' encoder.
        language_model: The captioners' and the reader's language model.
        scoring_encoder: The encoder of CLIPScore.
        fit: The task whose images gap models may be fitted on.
        patches: Whether any captioner needs patch tokens.
    """

    encoder: EncoderChoice
    language_model: LanguageModelChoice | None
    scoring_encoder: EncoderChoice | None
    fit: TaskChoice | None
    patches: bool


class StageBuilder:
    """Adds stages to a plan; equal stages stand once."""

    def __init__(self, matrix: Matrix, registry: Registry, parts: Parts, plan: Plan) -> None:
        self.matrix = matrix
        self.registry = registry
        self.parts = parts
        self.plan = plan
        self._threads = {} if matrix.threads is None else {"threads": matrix.threads}  # sums may round otherwise

    def texts(self, source: TextSource, encoder: EncoderChoice | None = None) -> str:
        """Features of texts, by the captioners' encoder unless another is given."""
        encoder = encoder or self.parts.encoder
        material = {"encoder": encoder.content, "corpus": source.content, **self._threads}
        return self._add("text-features", source.label, material, (), TextEncoding(encoder, source))

    def images(self, task: TaskChoice, encoder: EncoderChoice | None = None, *, patches: bool = False) -> str:
        """Features of a task's images, each once; with patch tokens where asked for."""
        encoder = encoder or self.parts.encoder
        material = {"encoder": encoder.content, "images": task.images, "patches": patches, **self._threads}
        work = ImageEncoding(encoder, task, patches, self.matrix.fail_on_error)
        label = f"{task.id}, {len(task.image_files)} images"
        return self._add("image-features", label, material, (), work)

    def gap(self, config: Frozen, part: str, corpus: CorpusChoice) -> tuple[GapChoice, str | None] | None:
        """The gap model that ``training.gap`` or ``inference.gap`` names, with the stage that fits it.

        Raises:
            ConfigError: Its fit requires images, and the matrix names none.
        """
        setting = getattr(getattr(config, part, None), "gap", None)
        if not isinstance(setting, GapSetting):
            return None
        gap = GapChoice.resolve(setting, self.registry)
        if gap.requires == "none":
            return gap, None
        work, seen = self._fit(gap, corpus)
        fitted = replace(gap, fitted_on=f"{self.parts.encoder.content}/{seen}")
        work = replace(work, gap=fitted)
        inputs = tuple(key for key in (work.texts, work.images) if key)
        material = {"gap": fitted.content, "format": 2}
        return fitted, self._add("gap-fit", f"{gap.id} on {corpus.id}", material, inputs, work)

    def data_used(self, axis: Axis) -> tuple[str, ...]:
        """What a captioner uses beyond text: images for its gap models, or the very references."""
        marks = []
        for part in ("training", "inference"):
            setting = getattr(getattr(axis.captioner.config, part, None), "gap", None)
            if axis.needs.gap_model and isinstance(setting, GapSetting) and self.parts.fit is not None:
                requires = GapChoice.resolve(setting, self.registry).requires
                if requires in {"image", "unpaired", "paired"}:
                    kind = "paired images and captions" if requires == "paired" else "unpaired images"
                    marks.append(f"gap model {setting.id} fitted on {kind} of {self.parts.fit.id}")
        if axis.needs.references:
            marks.append("reference captions of the very image: an upper bound")
        return tuple(dict.fromkeys(marks))

    def training(self, axis: Axis) -> str:
        """The training of a captioner, keyed by its training settings alone."""
        trainer = axis.captioner.trainer
        texts = self.texts(axis.corpus)
        gap = self.gap(trainer.config, "training", axis.corpus) if axis.needs.gap_model else None
        language_model = self.parts.language_model if axis.needs.language_model else None
        material = {
            **self._made_by(axis, trainer.factory),
            "settings": _dump(getattr(trainer.config, "training", trainer.config)),
            "corpus": axis.corpus.content,
            "gap": gap and gap[0].content,
        }
        work = Training(
            captioner=trainer,
            encoder=self.parts.encoder,
            corpus=axis.corpus,
            language_model=language_model,
            gap=gap,
            texts=texts,
            seed=axis.seed,
            device=self.matrix.device,
            checkpoint_seconds=self.matrix.checkpoint_seconds,
        )
        inputs = (texts, *([gap[1]] if gap and gap[1] else []))
        label = f"{axis.captioner.id} on {axis.corpus.id}, seed {axis.seed}"
        return self._add("train", label, material, inputs, work)

    def prediction(self, axis: Axis, task: TaskChoice, *, route: str) -> str:
        """What a cell's captioner says: captions, its own answers, or answers read out of its captions."""
        if route == "caption":
            return self._reading(axis, task, self._prediction(axis, task, captions=True))
        return self._prediction(axis, task, captions=not route)

    def references(self, task: TaskChoice) -> str:
        """The references of the whole split, tokenised."""
        metrics = self.metrics(task)
        material = references_material(task.task.content_hash, metrics, self.registry)
        return self._add("references", task.id, material, (), References(task, metrics))

    def metrics(self, task: TaskChoice) -> tuple[str, ...]:
        """The metrics of a task: its card's, and those that the matrix adds to captioning tasks."""
        card = task.task.card
        added = () if task.answers else self.matrix.metrics
        return tuple(dict.fromkeys((*card.metrics, *added)))

    def scoring(self, cell: Cell, axis: Axis) -> str:
        """The scores of a cell."""
        task, metrics = cell.task, self.metrics(cell.task)
        unavailable = tuple(id_ for id_ in metrics if id_ in self.plan.unavailable)
        group_idf = self.matrix.group_idf or task.task.card.group_idf
        similarity = self._similarity(task, metrics)
        corpus = axis.corpus if axis.corpus_id and not task.answers else None
        material = {
            "prediction": cell.prediction,
            "references": cell.references,
            "ids": hash_json(task.ids),
            "groups": hash_json(_plain(task.task.groups())),
            "group_idf": group_idf,
            "unavailable": unavailable,
            "corpus": corpus.content if corpus else None,
            "scoring_encoder": similarity and [similarity.encoder.content, similarity.same_encoder],
        }
        work = Scoring(
            task=task,
            metrics=metrics,
            unavailable=unavailable,
            references=cell.references,
            prediction=cell.prediction,
            group_idf=group_idf,
            corpus=corpus,
            similarity=similarity,
            device=self.matrix.device,
        )
        features = (similarity.images, *(key for _, key in similarity.references.values())) if similarity else ()
        label = f"{_name(cell)} on {task.id}"
        return self._add("score", label, material, (cell.prediction, cell.references, *features), work)

    def comparison(self, cell: Cell, base: Cell) -> str:
        """The paired differences of a cell to the baseline's."""
        metrics = self.metrics(cell.task)
        work = Comparison(cell.task, metrics, cell.references, cell.scoring, base.scoring)
        material = {"scoring": cell.scoring, "baseline": base.scoring}
        label = f"{_name(cell)} against {_name(base)} on {cell.task.id}"
        return self._add("compare", label, material, (cell.scoring, base.scoring, cell.references), work)

    def _fit(self, gap: GapChoice, corpus: CorpusChoice) -> tuple[GapFit, str]:
        """What a gap model is fitted on, and the hash of it."""
        if gap.requires == "text":
            return GapFit(gap, self.texts(corpus), None), corpus.content
        fit = self.parts.fit
        if fit is None:
            raise no_fit_images(gap)
        images = self.images(fit)
        if gap.requires == "paired":
            source = ReferenceTexts(fit)
            work = GapFit(gap, self.texts(source), images, tuple(source.counts))
            return work, f"{source.content}/{fit.images}"
        texts = self.texts(corpus) if gap.requires == "unpaired" else None
        return GapFit(gap, texts, images), f"{corpus.content if texts else ''}/{fit.images}"

    def _prediction(self, axis: Axis, task: TaskChoice, *, captions: bool) -> str:
        """Captions of a task's images or answers to its questions; independent of what else the matrix holds."""
        needs, config = axis.needs, axis.captioner.config
        training = self.training(axis) if needs.training else None
        texts = self.texts(axis.corpus) if needs.memory else None
        gap = self.gap(config, "inference", axis.corpus) if needs.gap_model else None
        images = self.images(task, patches=self.parts.patches)
        references = self._reference_features(task) if needs.references else None
        items = task.image_items if captions else task.items
        material = {
            **self._made_by(axis, axis.captioner.factory),
            "settings": _dump(config),
            "corpus": axis.corpus.content if needs.memory else None,
            "gap": gap and gap[0].content,
            "training": training,
            "images": task.images,
            "ids": hash_json([[item.id, item.row] for item in items]),
            "questions": None if captions else task.questions,
            "references": references and references[0].content,
        }
        work = Prediction(
            captioner=axis.captioner,
            items=items,
            encoder=self.parts.encoder,
            language_model=self.parts.language_model if needs.language_model else None,
            corpus=axis.corpus,
            training=training,
            gap=gap,
            texts=texts,
            images=images,
            references=references,
            seed=axis.seed,
            batch_size=self.matrix.batch_size,
            device=self.matrix.device,
        )
        fit, features = gap[1] if gap else None, references[1] if references else None
        inputs = tuple(key for key in (training, texts, images, fit, features) if key)
        label = f"{axis.captioner.id} on {task.id}, seed {axis.seed}"
        return self._add("predict", label, material, inputs, work)

    def _reading(self, axis: Axis, task: TaskChoice, captions: str) -> str:
        """Answers that the language model reads out of captions."""
        language_model = self.parts.language_model
        if language_model is None:
            raise no_reader(task.id)
        answering = self.matrix.answering
        material = {
            "captions": captions,
            "language_model": language_model.content,
            "questions": task.questions,
            "ids": hash_json(task.ids),
            "prompt": answering.prompt,
            "decoding": _dump(answering.decoding),
            "device": self.matrix.device.split(":")[0],
            "libraries": library_versions(*LIBRARIES),
            **self._threads,
        }
        work = Reading(task, language_model, captions, answering, self.matrix.batch_size, self.matrix.device)
        label = f"{axis.captioner.id}'s captions of {task.id}, seed {axis.seed}"
        return self._add("read", label, material, (captions,), work)

    def _reference_features(self, task: TaskChoice) -> tuple[ReferenceTexts, str]:
        """The features of a task's reference captions, for a captioner that looks at them."""
        if task.answers:
            raise answers_not_captions(task.id)
        source = ReferenceTexts(task)
        return source, self.texts(source)

    def _similarity(self, task: TaskChoice, metrics: Sequence[str]) -> Similarity | None:
        """The scoring encoder's view of a task, if any of its metrics wants one."""
        encoder = self.parts.scoring_encoder
        made = [load_object(self.registry.get(MetricSpec, id_).factory)() for id_ in metrics]
        prompts = {metric.prompt for metric in made if isinstance(metric, SimilarityMetric)}
        if encoder is None or not prompts:
            return None
        sources = {prompt: ReferenceTexts(task, prompt) for prompt in sorted(prompts)}
        references = {prompt: (source, self.texts(source, encoder)) for prompt, source in sources.items()}
        same = encoder.content == self.parts.encoder.content
        images = self.images(task, encoder, patches=same and self.parts.patches)
        return Similarity(encoder, images, references, same)

    def _made_by(self, axis: Axis, factory: Any) -> dict[str, Any]:
        """What both training and prediction depend on."""
        language_model = self.parts.language_model if axis.needs.language_model else None
        return {
            "captioner": f"{factory}/{source_hash(factory)}",
            "encoder": self.parts.encoder.content,
            "language_model": language_model.content if language_model else None,
            "seed": axis.seed,
            "device": self.matrix.device.split(":")[0],
            "libraries": library_versions(*LIBRARIES),
            **self._threads,
        }

    def _add(self, kind: str, label: str, material: Mapping[str, Any], inputs: tuple[str, ...], work: Work) -> str:
        """Add a stage to the plan."""
        full = {**material, "version": STAGE_VERSION}
        return self.plan.add(Stage(kind, stage_key(kind, full), label, inputs, full, work))


def _name(cell: Cell) -> str:
    """A cell's captioner, and how it answered where it did."""
    return f"{cell.captioner.id} ({cell.route})" if cell.route else cell.captioner.id


def _dump(settings: Frozen) -> Any:
    """Settings as JSON."""
    return settings.model_dump(mode="json")


def _plain(groups: Mapping[str, Mapping[str, Sequence[str]]]) -> dict[str, dict[str, list[str]]]:
    """Groups as plain lists."""
    return {name: {group: list(ids) for group, ids in found.items()} for name, found in groups.items()}
